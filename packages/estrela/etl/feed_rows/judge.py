"""Parsing of rows field by field, into values or the reason for a rejection."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from estrela.errors import MASK, SettingsError, bounded
from estrela.etl.feed_rows.values import Read, reader_of
from estrela.model.feed import Cut, Feed, Hashed
from estrela.model.feed_engine import REDSHIFT_TEXT_BYTES, Redshift

LONGEST_VALUE = 200
LONGEST_LINE = 2000
BLANK = "a value that is not blank is required"


@dataclass(frozen=True)
class Reject:
    """A row that is not loaded: its first line, the wrong field and value, a ``code`` and the ``reason``.

    Codes: ``blank``, ``unreadable`` (a value), ``shape`` (fields or quotes), ``encoding``.
    """

    line: int
    column: str
    value: str
    code: str
    reason: str
    raw_line: str


@dataclass(frozen=True)
class Piece:
    """Text for COPY with ``rows`` rows, and the rejects among them."""

    text: str
    rows: int
    rejects: tuple[Reject, ...] = ()


class BadRowError(Exception):
    """A row is rejected. Never leaves this package."""

    def __init__(self, code: str, reason: str, column: str = "", value: str = "") -> None:
        super().__init__(reason)
        self.code, self.reason, self.column, self.value = code, reason, column, value

    def reject(self, line: int, raw_line: str) -> Reject:
        """Return the reject of the row that begins at ``line``."""
        return Reject(line, self.column, self.value, self.code, self.reason, raw_line)


@dataclass(frozen=True)
class Judge:
    """Parses the fields of a feed's rows, in the order of ``feed.fields``."""

    feed: Feed
    readers: tuple[tuple[str, Read, bool, bool], ...]

    @classmethod
    def of(cls, feed: Feed, pii_key: bytes) -> Judge:
        """Return the judge of ``feed``; ``pii_key`` hashes values. Raises SettingsError if it is needed but empty."""
        changes = {change.column: _change(change, pii_key) for change in feed.pii}
        types = {column.name: column.type for column in feed.columns}
        readers = []
        for field in feed.fields:
            read = reader_of(field.parse, types[field.column])
            if field.column in changes:
                read = _changed(read, changes[field.column])
            if isinstance(feed.engine, Redshift) and types[field.column] == "string":
                read = _changed(read, _fitting)
            readers.append((field.header, read, field.required, field.column in feed.withheld))
        return cls(feed, tuple(readers))

    def values(self, fields: Sequence[str]) -> list[str | None]:
        """Return the values of one row. Raises BadRowError."""
        values = []
        for (header, read, is_required, is_withheld), text in zip(self.readers, fields, strict=True):
            try:
                value = read(text)
            except ValueError as error:
                shown = MASK if is_withheld else bounded(text, LONGEST_VALUE).replace("\0", "")
                raise BadRowError("unreadable", str(error), header, shown) from None
            if value is None and is_required:
                raise BadRowError("blank", BLANK, header)
            values.append(value)
        return values

    def shown(self, line: str) -> str:
        """Return the line for a reject, cut to length, or a mask if it may contain personal or sensitive values."""
        return MASK if self.feed.withheld else line[:LONGEST_LINE].replace("\0", "")


def _changed(read: Read, change: Callable[[str], str]) -> Read:
    def changed(text: str) -> str | None:
        value = read(text)
        return None if value is None else change(value)

    return changed


def _fitting(value: str) -> str:
    if len(value.encode()) > REDSHIFT_TEXT_BYTES:
        raise ValueError(f"a text of at most {REDSHIFT_TEXT_BYTES:,} bytes is allowed, the limit of Redshift")
    return value


def _change(change: Hashed | Cut, key: bytes) -> Callable[[str], str]:
    if isinstance(change, Cut):
        return lambda value: value[-change.keep :]
    if not key:
        raise SettingsError("ESTRELA_PII_KEY", f"is needed to hash column {change.column!r}; set it to a secret text")
    return lambda value: hmac.new(key, value.encode(), hashlib.sha256).hexdigest()
