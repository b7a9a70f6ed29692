"""Parameters by which an operator limits the extract of a run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from estrela.errors import DefinitionError
from estrela.model.column import require_name

RESERVED = ("full_refresh",)
"""Parameters that every run has."""


@dataclass(frozen=True)
class RunParameter:
    """A parameter of a run, such as ``quarters``, that limits which requests of a source are made.

    ``pattern`` is a regular expression that fully matches one value. Its named groups are keys of the source's
    requests: ``(?P<year>[0-9]{4})T(?P<quarter>[1-4])`` lets ``2021T4`` select the request ``{"year": "2021", "quarter":
    "4"}``. ``example`` is a sample value for people. Raises DefinitionError if the pattern names no key or does not
    match the example.
    """

    name: str
    doc: str
    pattern: str
    example: str

    def __post_init__(self) -> None:
        where = f"RunParameter({self.name!r})"
        require_name(where, self.name)
        if self.name in RESERVED:
            raise DefinitionError(where, f"{self.name} is a parameter of every run; choose another name")
        try:
            keys = re.compile(self.pattern).groupindex
        except re.error as error:
            raise DefinitionError(where, f"pattern {self.pattern!r} is not a regular expression: {error}") from None
        if not keys:
            raise DefinitionError(where, f"pattern {self.pattern!r} names no key of a request; write (?P<key>...)")
        if not self.accepts(self.example):
            raise DefinitionError(where, f"example {self.example!r} does not match pattern {self.pattern!r}")

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the requests that the values select."""
        return tuple(re.compile(self.pattern).groupindex)

    def accepts(self, value: str) -> bool:
        """Return whether the parameter may have the value ``value``."""
        return re.fullmatch(self.pattern, value) is not None

    def selects(self, values: Sequence[str], request: Mapping[str, str]) -> bool:
        """Return whether ``request`` is selected: always if ``values`` is empty, else only if a value matches it."""
        named = [match.groupdict() for value in values if (match := re.fullmatch(self.pattern, value))]
        return not values or any(
            all(part is None or request.get(key) == part for key, part in parts.items()) for parts in named
        )
