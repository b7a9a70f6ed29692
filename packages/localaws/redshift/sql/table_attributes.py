"""Attributes of Redshift's CREATE TABLE that PostgreSQL lacks: removed from the text, and stored.

https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html
"""

from __future__ import annotations

from dataclasses import dataclass, field

from localaws.redshift.errors import SqlError
from localaws.redshift.sql.words import Words

_STYLES = ("EVEN", "KEY", "ALL", "AUTO")
_ENCODINGS = frozenset(
    "AUTO AZ64 BYTEDICT DELTA DELTA32K LZO MOSTLY8 MOSTLY16 MOSTLY32 RAW RUNLENGTH TEXT255 TEXT32K ZSTD".split()
)


@dataclass
class Attributes:
    """``diststyle`` is AUTO, EVEN, ALL or KEY, ``sortstyle`` COMPOUND, INTERLEAVED, AUTO or empty.

    ``distkey`` and ``sortkeys`` are names of columns, ``encodings`` are by column name.
    """

    diststyle: str = ""
    distkey: str = ""
    sortstyle: str = ""
    sortkeys: list[str] = field(default_factory=list)
    encodings: dict[str, str] = field(default_factory=dict)
    backup: bool = True

    @property
    def style(self) -> str:
        """The resulting distribution style: without ``diststyle``, KEY if there is a key, else AUTO."""
        return self.diststyle or ("KEY" if self.distkey else "AUTO")


def take_table_attributes(words: Words, attributes: Attributes) -> None:
    """Read the attributes after the columns, up to ``AS`` or the end; raises SqlError."""
    while not words.ended and words.peek() != "AS":
        if words.skip("DISTSTYLE"):
            attributes.diststyle = _one_of(words, _STYLES)
        elif words.skip("DISTKEY"):
            attributes.distkey = _key(words, attributes)
        elif words.skip("BACKUP"):
            attributes.backup = _one_of(words, ("YES", "NO")) == "YES"
        elif words.skip("ENCODE", "AUTO"):
            continue
        elif words.skip("SORTKEY", "AUTO"):
            attributes.sortstyle = "AUTO"
        elif words.peek() in ("COMPOUND", "INTERLEAVED", "SORTKEY"):
            attributes.sortstyle = "INTERLEAVED" if words.skip("INTERLEAVED") else "COMPOUND"
            words.skip("COMPOUND")
            words.expect("SORTKEY")
            attributes.sortkeys = words.names_in_parentheses()
        else:
            raise words.error()
    if attributes.diststyle == "KEY" and not attributes.distkey:
        raise SqlError("DISTKEY must be specified for DISTSTYLE KEY")
    if attributes.distkey and attributes.style != "KEY":
        raise SqlError("DISTKEY can only be specified with DISTSTYLE KEY")


def without_column_attributes(columns: str, attributes: Attributes) -> str:
    """Return the columns' text without ENCODE, DISTKEY and SORTKEY, which go to ``attributes``; raises SqlError."""
    words, depth, column, kept, start = Words(columns), 0, "", [], 0
    at_start = True
    while not words.ended:
        before = words.start
        if depth == 0 and at_start:
            column, at_start = words.name(), False
            continue
        if depth == 0 and _take_column_attribute(words, column, attributes):
            kept.append(columns[start:before])
            start = words.start
            continue
        word = words.peek()
        depth += {"(": 1, ")": -1}.get(word, 0)
        at_start = word == "," and depth == 0
        words.advance()
    return " ".join([*kept, columns[start:]])


def _take_column_attribute(words: Words, column: str, attributes: Attributes) -> bool:
    if words.skip("ENCODE"):
        attributes.encodings[column] = _one_of(words, _ENCODINGS).lower()
    elif words.skip("DISTKEY"):
        _set_key(column, attributes)
    elif words.skip("SORTKEY"):
        attributes.sortstyle, attributes.sortkeys = "COMPOUND", [column]
    else:
        return False
    return True


def _key(words: Words, attributes: Attributes) -> str:
    (name,) = words.names_in_parentheses()
    _set_key(name, attributes)
    return name


def _set_key(name: str, attributes: Attributes) -> None:
    if attributes.distkey and attributes.distkey != name:
        raise SqlError("Multiple DISTKEY columns specified")
    attributes.distkey = name


def _one_of(words: Words, allowed: frozenset[str] | tuple[str, ...]) -> str:
    for word in allowed:
        if words.skip(word):
            return word
    raise words.error()
