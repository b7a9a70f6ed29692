"""Parameters of a run: what an operator may limit an extract to."""

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

    ``pattern`` is a regular expression for one value as a whole. Its named groups are keys of the source's requests:
    ``(?P<year>[0-9]{4})T(?P<quarter>[1-4])`` lets ``2021T4`` select the request ``{"year": "2021", "quarter": "4"}``.
    ``example`` is a value for people to read. Raises DefinitionError if the pattern names no key or refuses the
    example.
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
        """Keys of the requests that values select."""
        return tuple(re.compile(self.pattern).groupindex)

    def accepts(self, value: str) -> bool:
        """Return whether ``value`` is one that the parameter may have."""
        return re.fullmatch(self.pattern, value) is not None

    def selects(self, values: Sequence[str], request: Mapping[str, str]) -> bool:
        """Return whether ``request`` is to be made: any request if there are no values, else one that a value names."""
        named = [match.groupdict() for value in values if (match := re.fullmatch(self.pattern, value))]
        return not values or any(
            all(part is None or request.get(key) == part for key, part in parts.items()) for parts in named
        )
