"""A table of a TOML text, read field by field; errors are reported with file and line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from estrela.errors import DefinitionError

Choice = TypeVar("Choice", bound=str)


class Fields:
    """``table`` of ``file``, whose text has ``lines``; the table starts at line ``start`` (from 1) and is named
    ``name``.
    """

    def __init__(self, file: str, lines: Sequence[str], table: dict[str, Any], name: str = "", start: int = 1) -> None:
        self.file, self.lines, self.table, self.name, self.start = file, lines, table, name, start
        self._read: set[str] = set()

    def error(self, key: str, problem: str, allowed: Sequence[object] = ()) -> DefinitionError:
        """Return the error about ``key``, with its file and line."""
        return DefinitionError(f"{self.file}:{self.line(key)}", problem, allowed)

    def line(self, key: str) -> int:
        """Return the line of ``key``, or that of the table if the key is missing."""
        full = f"{self.name}.{key}" if self.name else key
        head = re.compile(rf"\s*\[\[?\s*{re.escape(full)}\s*[.\]]")
        entry = re.compile(rf"\s*\"?{re.escape(key)}\"?\s*[.=]")
        own = True
        for number, line in enumerate(self.lines[self.start - 1 :], self.start):
            own = own and (number == self.start or not line.lstrip().startswith("["))
            if head.match(line) or (own and entry.match(line)):
                return number
        return self.start

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text that is not blank; without ``default`` it is required."""
        if key not in self.table and default is not None:
            self._read.add(key)
            return default
        value = self._given(key, str, "text in quotes")
        if not value.strip():
            raise self.error(key, f"{key} is blank")
        return str(value).strip()

    def choice(self, key: str, allowed: Sequence[Choice], default: Choice | None = None) -> Choice:
        """Return one of ``allowed``."""
        value = self.text(key, default)
        for choice in allowed:
            if choice == value:
                return choice
        raise self.error(key, f"{key} {value!r} is not known", allowed)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of distinct texts; a single text counts as a list with one item."""
        value = self.table.get(key, [])
        self._read.add(key)
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(text, str) and text.strip() for text in values):
            raise self.error(key, f"{key} {value!r} is not a list of texts")
        twice = sorted({text for text in values if values.count(text) > 1})
        if twice:
            raise self.error(key, f"{key} names {twice[0]!r} twice")
        return tuple(values)

    def flag(self, key: str) -> bool:
        """Return a flag; false if it is not given."""
        return bool(self._given(key, bool, "true or false")) if key in self.table else self._absent(key, False)

    def whole(self, key: str, default: int | None = None) -> int:
        """Return a whole number of at least 0."""
        if key not in self.table and default is not None:
            self._read.add(key)
            return default
        value = self._given(key, int, "a whole number")
        if isinstance(value, bool) or value < 0:
            raise self.error(key, f"{key} {value!r} is not a whole number of at least 0")
        return int(value)

    def number(self, key: str) -> float:
        """Return a number."""
        value = self._given(key, (int, float), "a number")
        if isinstance(value, bool):
            raise self.error(key, f"{key} {value!r} is not a number")
        return float(value)

    def anything(self, key: str) -> Any:
        """Return the value as parsed from TOML; None if it is not given."""
        return self.table.get(key, self._absent(key, None))

    def tables(self, key: str) -> Iterator[Fields]:
        """Yield the tables of an array ``[[key]]``, in order."""
        self._read.add(key)
        full = f"{self.name}.{key}" if self.name else key
        values = self.table.get(key, [])
        if not isinstance(values, list) or not all(isinstance(table, dict) for table in values):
            raise self.error(key, f"{key} is not an array of tables such as [[{full}]]")
        heads = [
            number
            for number, line in enumerate(self.lines, 1)
            if number >= self.start and re.match(rf"\s*\[\[\s*{re.escape(full)}\s*\]\]", line)
        ]
        for place, value in enumerate(values):
            start = heads[place] if place < len(heads) else self.line(key)
            yield Fields(self.file, self.lines, value, full, start)

    def named(self, key: str) -> Iterator[tuple[str, Fields]]:
        """Yield the tables ``[key.name]`` with their names, in order."""
        self._read.add(key)
        full = f"{self.name}.{key}" if self.name else key
        values = self.table.get(key, {})
        if not isinstance(values, dict) or not all(isinstance(table, dict) for table in values.values()):
            raise self.error(key, f"{key} is not made of tables such as [{full}.name]")
        for name, value in values.items():
            inner = Fields(self.file, self.lines, values, full, self.start)
            yield name, Fields(self.file, self.lines, value, f"{full}.{name}", inner.line(name))

    def subtable(self, key: str) -> Fields | None:
        """Return the table ``[key]``; None if it is not given."""
        if key not in self.table:
            return self._absent(key, None)  # type: ignore[no-any-return]
        value = self._given(key, dict, f"a table [{key}]")
        return Fields(self.file, self.lines, value, f"{self.name}.{key}" if self.name else key, self.line(key))

    def done(self) -> None:
        """Raise DefinitionError if the table has a field that was never read."""
        for key in self.table:
            if key not in self._read:
                raise self.error(key, f"{key!r} is not a field of {self.name or 'the file'}", sorted(self._read))

    def _given(self, key: str, kind: type | tuple[type, ...], wanted: str) -> Any:
        self._read.add(key)
        if key not in self.table:
            raise self.error(key, f"{key!r} is missing; give {wanted}")
        value = self.table[key]
        if not isinstance(value, kind):
            raise self.error(key, f"{key} {value!r} is not {wanted}")
        return value

    def _absent(self, key: str, default: Any) -> Any:
        self._read.add(key)
        return default
