"""Damages found in real copies of the ranking, as functions on the bytes of a published file."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Mapping

from bcb_mirror.errors import DamageError
from bcb_mirror.ranking_file import BLANK, ENCODING

BOM = b"\xef\xbb\xbf"
_ASCII = {"º": "o", "ª": "a", "–": "-"}  # noqa: RUF001


def damaged(content: bytes, kind: str) -> bytes:
    """Return ``content`` (a published quarter, Windows-1252) with one damage of DAMAGES; raise DamageError."""
    if kind not in DAMAGES:
        raise DamageError(kind, DAMAGES)
    return DAMAGES[kind](content)


def utf8(content: bytes) -> bytes:
    """Encode the same text in UTF-8."""
    return content.decode(ENCODING).encode()


def utf8_bom(content: bytes) -> bytes:
    """Encode the same text in UTF-8 with a byte order mark."""
    return BOM + utf8(content)


def accents_lost(content: bytes) -> bytes:
    """Replace every non-ASCII character by U+FFFD, in UTF-8."""
    return re.sub(r"[^\x00-\x7f]", "\N{REPLACEMENT CHARACTER}", content.decode(ENCODING)).encode()


def accents_0xff(content: bytes) -> bytes:
    """Replace every non-ASCII character by the byte 0xFF."""
    return re.sub(rb"[\x80-\xff]", b"\xff", content)


def transliterated(content: bytes) -> bytes:
    """Return plain ASCII: accents dropped, ``1º`` is ``1o``, and an empty line at the end."""
    return _plain(content.decode(ENCODING)).encode("ascii") + b"\n"


def comma_quoted_renamed(content: bytes) -> bytes:
    """Return UTF-8 with commas, every field quoted, snake-case headers, blanks empty, a 15th column without a name."""
    header, *rows = _table(content)
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow([*map(_snake, header), "unnamed_14"])
    writer.writerows([*("" if field == BLANK else field for field in row), ""] for row in rows)
    return text.getvalue().encode()


def one_blank_lost(content: bytes) -> bytes:
    """Make one blank index an empty field, one byte shorter; preferably in a row whose clients are also blank."""
    lines = content.splitlines(keepends=True)
    blank = [place for place, line in enumerate(lines) if line.split(b";")[6:7] == [b" "]]
    if blank:
        place = max(blank, key=lambda place: (lines[place].split(b";")[11] == b" ", place))
        fields = lines[place].split(b";")
        fields[6] = b""
        lines[place] = b";".join(fields)
    return b"".join(lines)


def header_wider(content: bytes) -> bytes:
    """Add one separator to the header, so that it has more fields than the rows."""
    header, *rows = _table(content)
    return "".join([";".join(header), ";\r\n", *(";".join(row) + "\r\n" for row in rows)]).encode(ENCODING)


def row_suffix_null(content: bytes) -> bytes:
    """Return UTF-8 with snake-case headers, the word NULL for a blank CNPJ, and lines that end in ``;,,`` or ``;,``."""
    header, *rows = _table(content)
    lines = [";".join(map(_snake, header)) + ";,,"]
    for number, row in enumerate(rows):
        row[4] = row[4].strip() or "NULL"
        lines.append(";".join(row) + (";,," if number % 20 == 0 else ";,"))
    return "".join(line + "\n" for line in lines).encode()


def bom_only(content: bytes) -> bytes:
    """Return only four bytes: a UTF-8 byte order mark and a line end."""
    return BOM + b"\n"


DAMAGES: Mapping[str, Callable[[bytes], bytes]] = {
    damage.__name__: damage
    for damage in (
        utf8,
        utf8_bom,
        accents_lost,
        accents_0xff,
        transliterated,
        comma_quoted_renamed,
        one_blank_lost,
        header_wider,
        row_suffix_null,
        bom_only,
    )
}


def _table(content: bytes) -> list[list[str]]:
    """Return header and rows of 14 fields each, without the lines' endings."""
    return [line.split(";")[:14] for line in content.decode(ENCODING).splitlines()]


def _plain(text: str) -> str:
    mapped = "".join(_ASCII.get(character, character) for character in text)
    return unicodedata.normalize("NFD", mapped).encode("ascii", "ignore").decode()


def _snake(header: str) -> str:
    return "_".join(re.findall(r"[a-z0-9]+", _plain(header).lower()))
