"""UPDATE and DELETE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.athena.embedded.queries import parse_query
from localaws.athena.embedded.relation import PLACE
from localaws.athena.embedded.writes.row_changes import Target, commit_rows, find_target, keep_changes
from localaws.athena.errors import QueryError
from localaws.athena.outcome import Written
from localaws.athena.syntax.statements import Statement

if TYPE_CHECKING:
    from localaws.athena.embedded.context import Context


def update(context: Context, statement: Statement) -> Written:
    """UPDATE table SET column = value, .. [WHERE condition]."""
    node = _parsed(statement, exp.Update)
    target = find_target(context, node.this, statement.text, "UPDATE")
    values = assigned(target, node.expressions)
    given = [values.get(name) or target.column(name) for name, _ in target.columns]
    changes = keep_changes(target, _rows(target, given, node.args.get("where")), PLACE + target.columns)
    return _committed(target, changes, with_rows=True)


def delete(context: Context, statement: Statement) -> Written:
    """DELETE FROM table [WHERE condition]."""
    node = _parsed(statement, exp.Delete)
    target = find_target(context, node.this, statement.text, "DELETE")
    return _committed(target, keep_changes(target, _rows(target, [], node.args.get("where")), PLACE), with_rows=False)


def assigned(target: Target, assignments: list[exp.Expression]) -> dict[str, exp.Expression]:
    """The value of each column in SET; raise QueryError for a column that does not exist or occurs twice."""
    known, values = dict(target.columns), {}
    for assignment in assignments:
        name = assignment.this.name.lower()
        if name not in known:
            raise QueryError(
                "COLUMN_NOT_FOUND", f"The UPDATE SET target column {name} does not exist in {target.node.name}"
            )
        if name in values:
            raise QueryError("DUPLICATE_COLUMN_NAME", f"Column '{name}' is assigned more than once")
        values[name] = assignment.expression
    return values


def _parsed(statement: Statement, kind: type[exp.Expression]) -> exp.Expression:
    node = parse_query(statement.text)
    extra = {key for key, value in node.args.items() if value} - {"this", "expressions", "where"}
    if not isinstance(node, kind) or not isinstance(node.this, exp.Table) or extra:
        raise QueryError("SYNTAX_ERROR", f"line 1:1: {statement.kind} with {', '.join(sorted(extra)) or 'that form'}")
    return node


def _rows(target: Target, values: list[exp.Expression], where: exp.Where | None) -> exp.Select:
    places = [target.column(name) for name, _ in PLACE]
    select = exp.Select(expressions=[*places, *values], from_=exp.From(this=target.node))
    if where:
        select.set("where", where)
    return select


def _committed(target: Target, changes: str, *, with_rows: bool) -> Written:
    (count,) = target.context.session.execute(f"SELECT count(*) FROM {changes}")[0]
    rows = f"SELECT * EXCLUDE ({_PLACE_NAMES}) FROM {changes}" if with_rows else None
    return Written(count, commit_rows(target, f"SELECT {_PLACE_NAMES} FROM {changes}", rows))


_PLACE_NAMES = ", ".join(f'"{name}"' for name, _ in PLACE)
