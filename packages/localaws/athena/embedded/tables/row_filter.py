"""Conversion of WHERE to an Iceberg filter, as far as Iceberg can express it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from pyiceberg.expressions import (
    AlwaysTrue,
    And,
    BooleanExpression,
    EqualTo,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    IsNull,
    LessThan,
    LessThanOrEqual,
    NotNull,
    Or,
)
from pyiceberg.schema import Schema
from pyiceberg.types import DateType, IntegerType, LongType, NestedField, StringType, TimestampType
from sqlglot import exp

# mypy sees pydantic's signatures of these constructors, which lack the form that PyIceberg documents
_AT_LEAST: Any = GreaterThanOrEqual
_AT_MOST: Any = LessThanOrEqual
_IN: Any = In
_NULL: Any = IsNull
_NOT_NULL: Any = NotNull
_COMPARISONS: dict[type[exp.Expression], tuple[Any, Any]] = {
    exp.EQ: (EqualTo, EqualTo),
    exp.GT: (GreaterThan, LessThan),
    exp.GTE: (GreaterThanOrEqual, LessThanOrEqual),
    exp.LT: (LessThan, GreaterThan),
    exp.LTE: (LessThanOrEqual, GreaterThanOrEqual),
}


def row_filter(schema: Schema, conditions: Sequence[exp.Expression]) -> BooleanExpression:
    """An Iceberg filter that every row satisfying all conditions also satisfies; other parts are omitted."""
    fields = {field.name.lower(): field for field in schema.fields}
    combined: BooleanExpression = AlwaysTrue()
    for condition in conditions:
        expression = _converted(condition, fields)
        if expression is not None:
            combined = And(combined, expression)
    return combined


def _converted(node: exp.Expression, fields: dict[str, NestedField]) -> BooleanExpression | None:
    if isinstance(node, exp.Paren):
        return _converted(node.this, fields)
    if isinstance(node, exp.And | exp.Or):
        left, right = _converted(node.this, fields), _converted(node.expression, fields)
        if left is None or right is None:
            return (left or right) if isinstance(node, exp.And) else None
        return And(left, right) if isinstance(node, exp.And) else Or(left, right)
    if type(node) in _COMPARISONS:
        return _comparison(node, fields)
    if isinstance(node, exp.Between):
        return _between(node, fields)
    if isinstance(node, exp.In):
        return _in(node, fields)
    return _null_test(node, fields)


def _comparison(node: exp.Expression, fields: dict[str, NestedField]) -> BooleanExpression | None:
    straight, turned = _COMPARISONS[type(node)]
    for column, other, kind in ((node.this, node.expression, straight), (node.expression, node.this, turned)):
        field = _field(column, fields)
        value = _literal(other, field)
        if field and value is not None:
            return kind(field.name, value)
    return None


def _between(node: exp.Between, fields: dict[str, NestedField]) -> BooleanExpression | None:
    field = _field(node.this, fields)
    low, high = _literal(node.args["low"], field), _literal(node.args["high"], field)
    if field is None or low is None or high is None:
        return None
    return And(_AT_LEAST(field.name, low), _AT_MOST(field.name, high))


def _in(node: exp.In, fields: dict[str, NestedField]) -> BooleanExpression | None:
    field = _field(node.this, fields)
    values = [_literal(item, field) for item in node.expressions]
    if field is None or not values or None in values:
        return None
    return _IN(field.name, values)


def _null_test(node: exp.Expression, fields: dict[str, NestedField]) -> BooleanExpression | None:
    inner = node.this if isinstance(node, exp.Not) else node
    while isinstance(inner, exp.Paren):
        inner = inner.this
    if not (isinstance(inner, exp.Is) and isinstance(inner.expression, exp.Null)):
        return None
    field = _field(inner.this, fields)
    if field is None:
        return None
    return _NOT_NULL(field.name) if isinstance(node, exp.Not) else _NULL(field.name)


def _field(node: exp.Expression, fields: dict[str, NestedField]) -> NestedField | None:
    return fields.get(node.name.lower()) if isinstance(node, exp.Column) else None


def _literal(node: exp.Expression, field: NestedField | None) -> int | str | date | datetime | None:
    """The value of a literal of the column's own type; None for a literal that would be coerced."""
    kind = field.field_type if field else None
    if isinstance(kind, IntegerType | LongType):
        negative = isinstance(node, exp.Neg)
        number = node.this if negative else node
        if isinstance(number, exp.Literal) and not number.is_string and str(number.this).isdigit():
            return -int(number.this) if negative else int(number.this)
    elif isinstance(kind, StringType) and isinstance(node, exp.Literal) and node.is_string:
        return str(node.this)
    elif isinstance(kind, DateType | TimestampType) and isinstance(node, exp.Cast):
        return _temporal(node, kind)
    return None


def _temporal(node: exp.Cast, kind: DateType | TimestampType) -> date | datetime | None:
    name = "DATE" if isinstance(kind, DateType) else "TIMESTAMP"
    if not (isinstance(node.this, exp.Literal) and node.this.is_string and node.to.this.name == name):
        return None
    try:
        if isinstance(kind, DateType):
            return date.fromisoformat(node.this.this)
        value = datetime.fromisoformat(node.this.this)
    except ValueError:
        return None
    return value if value.tzinfo is None else None
