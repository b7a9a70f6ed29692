"""Pagination of answers. ``size`` is the number of records per page."""

from __future__ import annotations

from dataclasses import dataclass

from estrela.errors import DefinitionError


def _require_size(where: str, size: int) -> None:
    if size < 1:
        raise DefinitionError(where, f"size={size} is not 1 or more")


@dataclass(frozen=True)
class OnePage:
    """The answer has a single page."""


@dataclass(frozen=True)
class OffsetPages:
    """Parameters ``limit`` and ``offset`` (in records); a page shorter than ``size`` is the last."""

    size: int
    limit: str = "limit"
    offset: str = "offset"

    def __post_init__(self) -> None:
        _require_size("OffsetPages", self.size)


@dataclass(frozen=True)
class NumberedPages:
    """Page number in parameter ``number``, starting at ``first``; an empty page ends the answer.

    If the parameter ``limit`` is named, it requests ``size`` records, and a shorter page is the last; ``""`` lets the
    service decide the size.
    """

    size: int = 1
    number: str = "page"
    limit: str = ""
    first: int = 1

    def __post_init__(self) -> None:
        _require_size("NumberedPages", self.size)


@dataclass(frozen=True)
class CursorPages:
    """Parameter ``cursor``, whose next value is at ``path`` of each page; a page without it is the last."""

    cursor: str
    path: str


@dataclass(frozen=True)
class LinkedPages:
    """The URL of the next page is at the ``path`` of the answer, or for ``""`` in its ``Link`` header (RFC 8288)."""

    path: str = ""


@dataclass(frozen=True)
class ODataPages:
    """``$top`` and ``$skip`` until a page is shorter than ``size``, or the next links that the service returns.

    ``order_by`` names fields for ``$orderby``, so that the order is the same on every page. ``count`` requests the
    total number of records; a total that the service sends is always checked.
    """

    size: int = 100
    order_by: tuple[str, ...] = ()
    count: bool = False

    def __post_init__(self) -> None:
        _require_size("ODataPages", self.size)


Paging = OnePage | OffsetPages | NumberedPages | CursorPages | LinkedPages | ODataPages
