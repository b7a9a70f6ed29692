"""JSON values of a pattern with their places in the text, which AWS's parser names in its messages."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_SPACE = re.compile(r"[ \t\n\r]*")
_SCALAR = re.compile(r"true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?")
_LONGEST_SHOWN = 500
_DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class Node:
    """A value: a scalar, a list of nodes, or a dictionary of nodes.

    ``seen`` is the offset after the value's first token (for a string, after its opening quotation mark). ``end`` is
    the offset after the whole value.
    """

    value: Any
    seen: int
    end: int

    @property
    def plain(self) -> Any:
        """The value as ``json.loads`` returns it."""
        if isinstance(self.value, dict):
            return {name: node.plain for name, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain for node in self.value]
        return self.value


def parse(text: str) -> Node:
    """Parse a JSON text. Raises ValueError."""
    json.loads(text)
    return _read(text, _skip(text, 0))


def place(text: str, offset: int) -> str:
    """Return the suffix with a place that AWS's parser adds to a message."""
    shown = f'"{text[:_LONGEST_SHOWN]}"'
    if len(text) > _LONGEST_SHOWN:
        shown += f"[truncated {len(text) - _LONGEST_SHOWN} chars]"
    line = text.count("\n", 0, offset) + 1
    column = offset - text.rfind("\n", 0, offset)
    return f"\n at [Source: (String){shown}; line: {line}, column: {column}]"


def _skip(text: str, offset: int) -> int:
    match = _SPACE.match(text, offset)
    return match.end() if match else offset


def _read(text: str, start: int) -> Node:
    """Parse the value that begins at an offset of a valid JSON text."""
    if text[start] == '"':
        value, end = _DECODER.raw_decode(text, start)
        return Node(value, start + 1, end)
    if text[start] == "{":
        return _read_object(text, start)
    if text[start] == "[":
        return _read_array(text, start)
    match = _SCALAR.match(text, start)
    if not match:
        raise ValueError(f"no JSON value at offset {start}")
    return Node(json.loads(match[0]), match.end(), match.end())


def _read_object(text: str, start: int) -> Node:
    members: dict[str, Node] = {}
    offset = _skip(text, start + 1)
    while text[offset] != "}":
        name, colon = _DECODER.raw_decode(text, offset)
        members[name] = _read(text, _skip(text, _skip(text, colon) + 1))
        offset = _skip(text, members[name].end)
        if text[offset] == ",":
            offset = _skip(text, offset + 1)
    return Node(members, start + 1, offset + 1)


def _read_array(text: str, start: int) -> Node:
    items: list[Node] = []
    offset = _skip(text, start + 1)
    while text[offset] != "]":
        items.append(_read(text, offset))
        offset = _skip(text, items[-1].end)
        if text[offset] == ",":
            offset = _skip(text, offset + 1)
    return Node(items, start + 1, offset + 1)
