"""Update expressions that only assign values: ``SET #a = :v, #b = :w``, the most frequent ones.

moto copies the expression's tree, walks it ten times to validate it, and adds up the item's size for each attribute.
All other expressions, and those that moto refuses, are left to moto.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from moto.dynamodb import models
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.utilities import bytesize
from moto.dynamodb.parsing.ast_nodes import Node
from moto.dynamodb.parsing.executors import UpdateExpressionExecutor
from moto.dynamodb.parsing.validators import UpdateExpressionValidator

LARGEST_ITEM = 405_000
"""moto's limit in bytes: between the documented 400 KB and the size that AWS accepts."""
_ASSIGNMENT = r"\s*(#\w+)\s*=\s*(:\w+)\s*"
_SET = re.compile(rf"\s*SET\s(?:{_ASSIGNMENT},)*{_ASSIGNMENT}", re.ASCII | re.IGNORECASE)
_PAIR = re.compile(_ASSIGNMENT, re.ASCII)
_REMEMBERED = 1000
TEXT = "localaws_text"
"""Attribute of an expression's tree: its text."""


class Assignments:
    """Values to assign to an item's top-level attributes, with the methods that moto calls on a validated tree."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def validate(self) -> Assignments:
        """Return itself: it is created only if it is valid."""
        return self

    def normalize(self) -> None:
        """Do nothing: the order of assignments to different attributes does not matter."""

    def assign_to(self, item: Item) -> None:
        """Change the item. Raises ItemSizeTooLarge, and changes nothing."""
        changed = {name: DynamoType(value) for name, value in self.values.items()}
        kept = sum(bytesize(name) + value.size() for name, value in item.attrs.items() if name not in changed)
        if kept + sum(bytesize(name) + value.size() for name, value in changed.items()) > LARGEST_ITEM:
            raise ItemSizeTooLarge
        dict.update(item.attrs, changed)


class _Execution:
    """Assigns to an item, with the method of moto's executor."""

    def __init__(self, assignments: Assignments, item: Item) -> None:
        self._assignments, self._item = assignments, item

    def execute(self) -> None:
        self._assignments.assign_to(self._item)


def install() -> None:
    """Make moto's UpdateItem use assignments where it can. Call this before its first request to DynamoDB."""
    models.UpdateExpressionValidator = _validator
    models.UpdateExpressionExecutor = _executor


@lru_cache(_REMEMBERED)
def pairs_of(text: str) -> tuple[tuple[str, str], ...]:
    """Return the placeholders of attributes and values of an expression that only assigns; none for any other."""
    if not _SET.fullmatch(text):
        return ()
    return tuple((match[1], match[2]) for match in _PAIR.finditer(text.strip()[3:]))


def _validator(
    expression: Node,
    expression_attribute_names: Mapping[str, str] | None,
    expression_attribute_values: Mapping[str, Any] | None,
    item: Item,
    table: Any,
) -> Assignments | UpdateExpressionValidator:
    names, values = expression_attribute_names or {}, expression_attribute_values or {}
    pairs = pairs_of(getattr(expression, TEXT, ""))
    if pairs and all(name in names and value in values for name, value in pairs):
        assigned = {names[name]: values[value] for name, value in pairs}
        if len(assigned) == len(pairs) and assigned.keys().isdisjoint(field["AttributeName"] for field in table.attr):
            return Assignments(assigned)
    return UpdateExpressionValidator(
        expression, expression_attribute_names, expression_attribute_values, item=item, table=table
    )


def _executor(
    update_ast: Node | Assignments, item: Item, expression_attribute_names: dict[str, str]
) -> _Execution | UpdateExpressionExecutor:
    if isinstance(update_ast, Assignments):
        return _Execution(update_ast, item)
    return UpdateExpressionExecutor(update_ast, item, expression_attribute_names)
