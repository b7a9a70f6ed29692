"""SQL with ``{{variables}}`` and optional ``[[blocks]]``, as in Metabase's native queries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

NAME = r"[a-z][a-z0-9_]*"
VARIABLE = re.compile(r"\{\{\s*(" + NAME + r")\s*\}\}")
BRACES = re.compile(r"\{\{.*?\}\}|\{\{|\}\}", re.DOTALL)
BLOCK = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)

Value = str | int | float


@dataclass(frozen=True)
class Usage:
    """Variables of a template: the required ones, and those that occur only in optional blocks."""

    required: frozenset[str]
    optional: frozenset[str]

    @property
    def names(self) -> frozenset[str]:
        """All variables."""
        return self.required | self.optional


def usage(template: str) -> Usage:
    """Return the variables that ``template`` uses. Raises ValueError with the invalid part."""
    for match in BRACES.finditer(template):
        if not VARIABLE.fullmatch(match.group()):
            raise ValueError(f"{match.group()!r} is not a variable such as {{{{period}}}}")
    for block in BLOCK.finditer(template):
        if "[[" in block.group(1):
            raise ValueError("an optional block [[...]] is inside another")
        if not VARIABLE.search(block.group(1)):
            raise ValueError(f"the optional block {block.group()!r} contains no variable")
    outside = BLOCK.sub("", template)
    if "[[" in outside or "]]" in outside:
        raise ValueError("an optional block is opened with [[ and not closed with ]], or the other way round")
    required = frozenset(VARIABLE.findall(outside))
    return Usage(required, frozenset(VARIABLE.findall(template)) - required)


def fill(template: str, literals: Mapping[str, str]) -> str:
    """Return ``template`` with SQL ``literals`` in place of its variables, and without blocks that lack a literal.

    Raises KeyError for a variable outside blocks that has no literal.
    """

    def block(match: re.Match[str]) -> str:
        inner = match.group(1)
        return inner if all(name in literals for name in VARIABLE.findall(inner)) else ""

    return VARIABLE.sub(lambda match: literals[match.group(1)], BLOCK.sub(block, template))


def literal(kind: str, value: Value) -> str:
    """Return the Athena SQL literal for a ``value`` of type ``text``, ``number`` or ``date``."""
    if kind == "number":
        return str(value)
    quoted = "'" + str(value).replace("'", "''") + "'"
    return f"date {quoted}" if kind == "date" else quoted
