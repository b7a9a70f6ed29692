"""Partitions and files that can satisfy a query's WHERE."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import duckdb
import pyarrow as pa
from sqlglot import exp

from localaws.athena.embedded.session import Session
from localaws.athena.embedded.sql.duckdb_types import duckdb_type
from localaws.athena.embedded.sql.query import compile_query
from localaws.athena.embedded.sql.relations import Column, Table
from localaws.athena.embedded.sql.typed import name_literal
from localaws.athena.errors import QueryError
from localaws.athena.sql_errors import SqlError
from localaws.athena.types.trino import BIGINT, Columns

_CHANGING = frozenset({"rand", "random", "uuid", "shuffle"})
_INDEX = "$index"
_numbers = count()
Values = tuple[str | None, ...]


def conjuncts(node: exp.Table) -> list[exp.Expression]:
    """The conditions of WHERE that every row of this table must satisfy and that use only its columns."""
    select = node.parent.parent if isinstance(node.parent, exp.From | exp.Join) else None
    if not isinstance(select, exp.Select) or node.args.get("joins") or not select.args.get("where"):
        return []
    joins: list[exp.Join] = select.args.get("joins") or []
    if not _keeps_rows(node.parent, joins):
        return []
    label = (node.alias or node.name).lower()
    return [part for part in _and_parts(select.args["where"].this) if _refers_only_to(part, label, alone=not joins)]


def _keeps_rows(parent: exp.From | exp.Join, joins: Sequence[exp.Join]) -> bool:
    """Return whether no outer join can replace this table's rows by NULLs."""
    if any(join.this.args.get("joins") for join in joins if isinstance(join.this, exp.Expression)):
        return False
    if isinstance(parent, exp.From):
        return not any(_side(join) in ("RIGHT", "FULL") for join in joins)
    at = next(i for i, join in enumerate(joins) if join is parent)
    return not _side(parent) and not any(_side(join) in ("RIGHT", "FULL") for join in joins[at + 1 :])


def _side(join: exp.Join) -> str:
    return str(join.args.get("side") or "").upper()


def _and_parts(condition: exp.Expression) -> Iterator[exp.Expression]:
    while isinstance(condition, exp.Paren):
        condition = condition.this
    if isinstance(condition, exp.And):
        yield from _and_parts(condition.this)
        yield from _and_parts(condition.expression)
    else:
        yield condition


def _refers_only_to(part: exp.Expression, label: str, *, alone: bool) -> bool:
    if part.find(exp.Query, exp.Lambda, exp.Window, exp.Placeholder):
        return False
    if any(call.name.lower() in _CHANGING for call in part.find_all(exp.Anonymous)):
        return False
    columns = list(part.find_all(exp.Column))
    return bool(columns) and all(column.table.lower() == label or (alone and not column.table) for column in columns)


def names_in(part: exp.Expression) -> set[str]:
    """The names of the columns in a condition, in lower case."""
    return {column.name.lower() for column in part.find_all(exp.Column)}


@dataclass(frozen=True)
class Pruner:
    """Selects partitions whose values can satisfy the conditions on one table."""

    session: Session
    label: str
    conditions: Sequence[exp.Expression]

    def kept(self, keys: Columns, rows: Sequence[Values]) -> list[int]:
        """The indexes of the rows that satisfy the conditions that use only ``keys``.

        Raises QueryError for a value that is not of its key's type.
        """
        names = {name for name, _ in keys}
        usable = [part for part in self.conditions if names_in(part) <= names]
        if not rows:
            return []
        relation = self._relation(keys, rows)
        if not usable:
            return list(range(len(rows)))
        try:
            return self._matching(relation, usable)
        except (SqlError, duckdb.Error):
            # The query evaluates the same condition later and reports its error.
            return list(range(len(rows)))

    def _matching(self, relation: Table, conditions: Sequence[exp.Expression]) -> list[int]:
        index = exp.column(exp.to_identifier(_INDEX, quoted=True))
        table = exp.Table(
            this=exp.to_identifier("partitions"), alias=exp.TableAlias(this=exp.to_identifier(self.label))
        )
        select = exp.Select(expressions=[index], from_=exp.From(this=table))
        select.set("where", exp.Where(this=_joined(conditions)))
        rows = self.session.execute(compile_query(select, lambda _: relation).sql())
        return sorted(row[0] for row in rows)

    def _relation(self, keys: Columns, rows: Sequence[Values]) -> Table:
        name = f"__partitions_{next(_numbers)}"
        columns = {key: pa.array([row[i] for row in rows], pa.string()) for i, (key, _) in enumerate(keys)}
        self.session.register(name, pa.table(columns | {_INDEX: pa.array(range(len(rows)), pa.int64())}))
        self._check_types(name, keys)
        typed = ", ".join(f"CAST({name_literal(k)} AS {duckdb_type(t)}) AS {name_literal(k)}" for k, t in keys)
        sql = f"(SELECT {typed}, {name_literal(_INDEX)} FROM {name_literal(name)})"
        return Table(sql, (*(Column(k, t) for k, t in keys), Column(_INDEX, BIGINT)))

    def _check_types(self, name: str, keys: Columns) -> None:
        for key, kind in keys:
            column = name_literal(key)
            wrong = self.session.execute(
                f"SELECT {column} FROM {name_literal(name)} "
                f"WHERE {column} IS NOT NULL AND TRY_CAST({column} AS {duckdb_type(kind)}) IS NULL LIMIT 1"
            )
            if wrong:
                raise QueryError(
                    "HIVE_INVALID_PARTITION_VALUE",
                    f"Invalid partition value '{wrong[0][0]}' for {str(kind).upper()} partition key: {key}",
                )


def _joined(conditions: Iterable[exp.Expression]) -> exp.Expression:
    parts = [exp.Paren(this=part.copy()) for part in conditions]
    joined: exp.Expression = parts[0]
    for part in parts[1:]:
        joined = exp.And(this=joined, expression=part)
    return joined
