"""Paging of answers. ``size`` is the number of records per page."""

from __future__ import annotations

from dataclasses import dataclass

from estrela.errors import DefinitionError


def _require_size(where: str, size: int) -> None:
    if size < 1:
        raise DefinitionError(where, f"size={size} is not 1 or more")


@dataclass(frozen=True)
class OnePage:
    """The answer is whole."""


@dataclass(frozen=True)
class OffsetPages:
    """Parameters ``limit`` and ``offset`` (in records), until a page is shorter than ``size``."""

    size: int
    limit: str = "limit"
    offset: str = "offset"

    def __post_init__(self) -> None:
        _require_size("OffsetPages", self.size)


@dataclass(frozen=True)
class NumberedPages:
    """Parameter ``number`` from ``first`` on, and ``limit`` (``""``: the service decides), until an empty page.

    Where the service is asked for ``size`` records, a shorter page is the last one.
    """

    size: int = 1
    number: str = "page"
    limit: str = ""
    first: int = 1

    def __post_init__(self) -> None:
        _require_size("NumberedPages", self.size)


@dataclass(frozen=True)
class CursorPages:
    """Parameter ``cursor``, whose value each page gives at the ``path``, until a page gives none."""

    cursor: str
    path: str


@dataclass(frozen=True)
class LinkedPages:
    """The URL of the next page is at the ``path`` of the answer; ``""``: in its ``Link`` header (RFC 8288)."""

    path: str = ""


@dataclass(frozen=True)
class ODataPages:
    """``$top`` and ``$skip`` until a page is shorter than ``size``, or the links that the service gives.

    ``order_by`` names fields for ``$orderby``, so that the order does not change between pages. ``count`` asks for
    the number of all records; a count that the service sends is checked in any case.
    """

    size: int = 100
    order_by: tuple[str, ...] = ()
    count: bool = False

    def __post_init__(self) -> None:
        _require_size("ODataPages", self.size)


Paging = OnePage | OffsetPages | NumberedPages | CursorPages | LinkedPages | ODataPages
