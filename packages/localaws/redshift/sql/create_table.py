"""CREATE TABLE: columns, LIKE, and AS a query.

https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from sqlglot import exp

from localaws.redshift.errors import SqlError, UnsupportedError
from localaws.redshift.sql.dialect import parsed, rendered
from localaws.redshift.sql.expressions import folded, rewritten
from localaws.redshift.sql.table_attributes import Attributes, take_table_attributes, without_column_attributes
from localaws.redshift.sql.types import postgres_type
from localaws.redshift.sql.words import Words, literal, quoted, table_name


def create_table(words: Words, parameters: Mapping[str, str], *, temporary: bool) -> tuple[str, ...]:
    """Return PostgreSQL's statements for the text after ``CREATE TABLE``."""
    exists = "IF NOT EXISTS " if words.skip("IF", "NOT", "EXISTS") else ""
    schema, name = words.qualified_name()
    temporary = temporary or name.startswith("#")
    table, attributes = table_name(schema, name), Attributes()
    head = f"CREATE {'TEMPORARY ' if temporary else ''}TABLE {exists}{table}"
    parent = _like(words) if words.peek() == "(" and words.peek(1) == "LIKE" else ""
    if parent:
        take_table_attributes(words, attributes)
        remembered = f"SELECT rs.remember_like({literal(table)}::regclass, {literal(parent)}::regclass)"
        return (f"{head} (LIKE {parent} INCLUDING CONSTRAINTS)", remembered)
    keys: list[str] = []
    if words.peek() == "(":
        text = without_column_attributes(words.parenthesised(), attributes)
        take_table_attributes(words, attributes)
        if words.skip("AS"):
            raise UnsupportedError("CREATE TABLE AS with a list of columns")
        columns, keys = _columns(text, parameters)
        statement = f"{head} ({', '.join(columns)})"
    else:
        take_table_attributes(words, attributes)
        words.expect("AS")
        query = rendered(rewritten(parsed(words.sql[words.start :]), parameters))
        statement = f"{head} AS {query}"
    return (statement, _remembered(table, attributes, keys))


def column_definition(text: str) -> str:
    """Return PostgreSQL's definition of one column; a key in it is informational."""
    columns, _ = _columns(text, {})
    return columns[0]


def _like(words: Words) -> str:
    """Return the table named by LIKE; INCLUDING DEFAULTS is refused."""
    inner = Words(words.parenthesised())
    inner.expect("LIKE")
    like = table_name(*inner.qualified_name())
    if inner.skip("EXCLUDING", "DEFAULTS") or inner.ended:
        return like
    raise UnsupportedError(f"LIKE with {inner.peek()} {inner.peek(1)}")


def _remembered(table: str, attributes: Attributes, keys: list[str]) -> str:
    encodings = json.dumps(attributes.encodings)
    values = (
        table,
        attributes.style,
        attributes.distkey,
        attributes.sortstyle,
        json.dumps(attributes.sortkeys),
        encodings,
    )
    given = ", ".join(map(literal, values))
    return f"SELECT rs.remember({given}, {literal(json.dumps(keys))})"


def _columns(text: str, parameters: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return the definitions of the columns, and the informational constraints."""
    tree = parsed(f"CREATE TABLE t ({text})")
    if not isinstance(tree, exp.Create):
        raise UnsupportedError("CREATE TABLE in this form")
    columns, keys, primary = [], [], set[str]()
    for item in tree.this.expressions:
        if isinstance(item, exp.ColumnDef):
            continue
        keys.append(item.sql(dialect="redshift"))
        if isinstance(item, exp.PrimaryKey):
            primary |= {folded(column.name) for column in item.expressions}
        elif not isinstance(item, exp.UniqueColumnConstraint | exp.ForeignKey | exp.Constraint):
            raise UnsupportedError(f"table constraint {item.key.upper()}")
    for item in tree.this.expressions:
        if isinstance(item, exp.ColumnDef):
            columns.append(" ".join(_column(item, primary, parameters, keys)))
    return columns, keys


def _column(column: exp.ColumnDef, primary: set[str], parameters: Mapping[str, str], keys: list[str]) -> Iterator[str]:
    if not column.args.get("kind"):
        raise SqlError(f'column "{column.name}" has no type')
    name, kind = folded(column.name), postgres_type(column.args["kind"])
    yield quoted(name)
    yield kind
    not_null = name in primary
    for constraint in column.args.get("constraints") or []:
        rule = constraint.kind
        if isinstance(rule, exp.NotNullColumnConstraint):
            not_null = not_null or not rule.args.get("allow_null")
        elif isinstance(rule, exp.PrimaryKeyColumnConstraint):
            not_null = True
            keys.append(f"PRIMARY KEY ({name})")
        elif isinstance(rule, exp.UniqueColumnConstraint | exp.Reference):
            keys.append(f"{rule.sql(dialect='redshift')} ({name})")
        elif isinstance(rule, exp.DefaultColumnConstraint):
            yield f"DEFAULT {rendered(rewritten(rule.this.copy(), parameters))}"
        elif isinstance(rule, exp.GeneratedAsIdentityColumnConstraint):
            not_null = True
            yield _identity(rule)
        else:
            raise UnsupportedError(f"column constraint {rule.key.upper()}")
    if not_null:
        yield "NOT NULL"


def _identity(rule: exp.GeneratedAsIdentityColumnConstraint) -> str:
    # this key is the only difference between GENERATED BY DEFAULT and plain IDENTITY in the parsed tree
    how = "BY DEFAULT" if "on_null" in rule.args and not rule.args.get("this") else "ALWAYS"
    start, step = rule.args.get("start"), rule.args.get("increment")
    options = f" (START WITH {start.name if start else 1} INCREMENT BY {step.name if step else 1})"
    return f"GENERATED {how} AS IDENTITY{options}"
