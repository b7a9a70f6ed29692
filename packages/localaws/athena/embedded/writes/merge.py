"""MERGE INTO."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.athena.embedded.queries import parse_query
from localaws.athena.embedded.relation import PATH, PLACE
from localaws.athena.embedded.sql.typed import name_literal
from localaws.athena.embedded.writes.row_changes import Target, commit_rows, find_target, keep_changes
from localaws.athena.embedded.writes.update import assigned
from localaws.athena.errors import QueryError, UnsupportedError
from localaws.athena.outcome import Written
from localaws.athena.syntax.statements import Statement
from localaws.athena.types.trino import INTEGER, Columns

if TYPE_CHECKING:
    from localaws.athena.embedded.context import Context

_CASE = "$case"
_NO_CASE = -1


@dataclass(frozen=True)
class _Case:
    """One WHEN clause: the rows to which it applies, and the value of each column; None for DELETE."""

    applies: exp.Expression
    matched: bool
    values: dict[str, exp.Expression] | None


def merge(context: Context, statement: Statement) -> Written:
    """MERGE INTO table USING source ON condition WHEN [NOT] MATCHED [AND condition] THEN ..

    Raises QueryError (MERGE_TARGET_ROW_MULTIPLE_MATCHES) if a row of the table matches several rows of the source.
    """
    node = parse_query(statement.text)
    if not isinstance(node, exp.Merge):
        raise QueryError("SYNTAX_ERROR", "line 1:1: MERGE INTO .. USING .. ON .. WHEN .. was expected")
    target = find_target(context, node.this, statement.text, "MERGE")
    cases = [_case(target, when) for when in node.args["whens"].expressions]
    kept: Columns = (*PLACE, (_CASE, INTEGER), *target.columns)
    changes = keep_changes(target, _joined(target, node, cases), kept)
    _check_matches(target, changes)
    return _committed(target, changes, cases)


def _case(target: Target, when: exp.When) -> _Case:
    matched = bool(when.args.get("matched"))
    missing: exp.Expression = exp.Is(this=target.column(PATH), expression=exp.Null())
    applies: exp.Expression = exp.Not(this=missing) if matched else missing
    if condition := when.args.get("condition"):
        applies = exp.And(this=applies, expression=exp.Paren(this=condition))
    then = when.args["then"]
    if isinstance(then, exp.Update) and matched:
        unchanged = {name: target.column(name) for name, _ in target.columns}
        return _Case(applies, matched, unchanged | assigned(target, then.expressions))
    if isinstance(then, exp.Insert) and not matched:
        return _Case(applies, matched, _inserted(target, then))
    if isinstance(then, exp.Var) and then.name.upper() == "DELETE" and matched:
        return _Case(applies, matched, None)
    raise UnsupportedError(f"MERGE with {when.sql()[:100]}")


def _inserted(target: Target, then: exp.Insert) -> dict[str, exp.Expression]:
    """The values by column; columns missing in the column list are NULL."""
    known = [name for name, _ in target.columns]
    names = [column.name.lower() for column in then.this.expressions] if then.this else known
    values = then.expression.expressions if isinstance(then.expression, exp.Tuple) else []
    if unknown := [name for name in names if name not in known]:
        raise QueryError("COLUMN_NOT_FOUND", f"Insert column name does not exist in target table: {unknown[0]}")
    if len(set(names)) < len(names) or len(names) != len(values):
        raise QueryError(
            "MISMATCHED_COLUMN_ALIASES",
            f"MERGE inserts {len(values)} expression(s) into {len(set(names))} column(s)",
        )
    return dict(zip(names, values, strict=True))


def _joined(target: Target, node: exp.Merge, cases: list[_Case]) -> exp.Select:
    """The source rows to which a clause may apply, with the position of the matching row of the table, if any."""
    inserts = any(not case.matched for case in cases)
    join = exp.Join(this=target.node, on=node.args["on"], **({"side": "LEFT"} if inserts else {"kind": "INNER"}))
    number = _chosen(cases, [exp.Literal.number(i) for i in range(len(cases))])
    number.set("default", exp.Neg(this=exp.Literal.number(-_NO_CASE)))
    values = [
        _chosen(cases, [(case.values or {}).get(name) or exp.Null() for case in cases]) for name, _ in target.columns
    ]
    places = [target.column(name) for name, _ in PLACE]
    return exp.Select(expressions=[*places, number, *values], from_=exp.From(this=node.args["using"]), joins=[join])


def _chosen(cases: list[_Case], values: list[exp.Expression]) -> exp.Case:
    """The value of the first clause that applies."""
    return exp.Case(
        ifs=[exp.If(this=case.applies.copy(), true=value.copy()) for case, value in zip(cases, values, strict=True)]
    )


def _check_matches(target: Target, changes: str) -> None:
    path, position = (name_literal(name) for name, _ in PLACE)
    applied = f"count(*) FILTER ({name_literal(_CASE)} <> {_NO_CASE})"
    conflicts = target.context.session.execute(
        f"SELECT 1 FROM {changes} WHERE {path} IS NOT NULL GROUP BY {path}, {position} "
        f"HAVING {applied} > 1 OR (count(*) > 1 AND {applied} = 0) LIMIT 1"
    )
    if conflicts:
        raise QueryError(
            "MERGE_TARGET_ROW_MULTIPLE_MATCHES", "One MERGE target table row matched more than one source row"
        )


def _committed(target: Target, changes: str, cases: list[_Case]) -> Written:
    number = name_literal(_CASE)
    replaced = _numbers(i for i, case in enumerate(cases) if case.matched)
    written = _numbers(i for i, case in enumerate(cases) if case.values is not None)
    places = f"SELECT {', '.join(name_literal(n) for n, _ in PLACE)} FROM {changes} WHERE {number} IN ({replaced})"
    names = ", ".join(name_literal(name) for name, _ in target.columns)
    rows = f"SELECT {names} FROM {changes} WHERE {number} IN ({written})"
    (count,) = target.context.session.execute(f"SELECT count(*) FROM {changes} WHERE {number} <> {_NO_CASE}")[0]
    return Written(count, commit_rows(target, places, rows))


def _numbers(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers)) or "NULL"
