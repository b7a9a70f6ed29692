"""MERGE, limited to Redshift's form: https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html."""

from __future__ import annotations

from sqlglot import exp

from localaws.redshift.errors import SqlError, UnsupportedError


def checked_merge(tree: exp.Merge) -> None:
    """Raise SqlError for a MERGE that PostgreSQL accepts and Redshift does not."""
    if not isinstance(tree.args.get("using"), exp.Table):
        raise SqlError("Source of MERGE statement must be a table, not a view or a subquery")
    if tree.args.get("with_") or tree.args.get("with"):
        raise SqlError("WITH clause is not supported in MERGE statement")
    branches = tree.args["whens"].expressions
    matched = [branch for branch in branches if branch.args.get("matched")]
    if len(branches) != 2 or len(matched) != 1:
        raise SqlError("MERGE takes one WHEN MATCHED and one WHEN NOT MATCHED clause")
    for branch in branches:
        _complete_insert(branch.args["then"])
        if branch.args.get("condition") is not None or branch.args.get("source"):
            raise UnsupportedError("a condition in WHEN of MERGE")


def _complete_insert(action: exp.Expression) -> None:
    """Repair an INSERT without a column list, whose VALUES the parser reads as a function call."""
    values = action.this.expressions if isinstance(action, exp.Insert) and action.this else []
    if len(values) == 1 and isinstance(values[0], exp.Anonymous) and values[0].name.upper() == "VALUES":
        action.set("this", None)
        action.set("expression", exp.Tuple(expressions=values[0].expressions))
