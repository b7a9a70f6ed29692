"""Spark expressions that read a field's text. What cannot be read is NULL; the caller tells blank from unreadable."""

from __future__ import annotations

import re
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.model.parse import Date, Digits, Number, Ordinal, Parser, Prefix, Text, Whole

if TYPE_CHECKING:
    from pyspark.sql import Column

# Windows-1252 differs from ISO-8859-1 in the bytes 0x80 to 0x9F; Spark 4 decodes only the latter.
# The byte 0xFF is a lost character, not the letter of that code, which Portuguese does not have.
_CONTROLS = "".join(map(chr, [*range(0x80, 0xA0), 0xFF]))
_WINDOWS = bytes(range(0x80, 0xA0)).decode("cp1252", errors="replace") + "\ufffd"
_HAS_CONTROLS = "[\\x80-\\x9f\\xff]"


_GROUPED = r"^-?\d{1,3}(\.\d{3})+$"


def form(text: Column, parser: Parser, type_: str, latin: bool = False) -> Column:
    """``text`` in a form that Spark can cast to ``type_``; NULL, or what the cast refuses, where it is not allowed.

    ``latin`` tells that it was decoded as ISO-8859-1, from Windows-1252 perhaps.
    """
    match parser:
        case Whole(signed):
            # A dot is rare and its regular expression dear: plain numbers go the short way, checked by the cast.
            number = F.when(~F.contains(text, F.lit(".")), text).when(
                text.rlike(_GROUPED), F.replace(text, F.lit("."), F.lit(""))
            )
            return number if signed else F.when(~text.startswith("-"), number)
        case Number(mark):
            return _number(text, mark, type_)
        case Digits(width):
            return F.when(text.rlike(f"^[0-9]{{1,{width}}}$"), F.lpad(text, width, "0"))
        case Ordinal(low, high):
            number = F.regexp_extract(text, r"^(\d+)\D?$", 1)
            return F.when(number.isin([str(value) for value in range(low, high + 1)]), number)
        case Prefix(values):
            return F.coalesce(*[F.when(text.startswith(start), F.lit(value)) for start, value in values.items()])
        case Date(pattern):
            return F.date_format(F.try_to_timestamp(text, F.lit(pattern)), "yyyy-MM-dd")
        case Text():
            return _plain_text(_windows(text) if latin else text)


def _windows(text: Column) -> Column:
    """``text`` with the characters of Windows-1252; one that is all ASCII needs no look at each."""
    doubtful = (F.octet_length(text) != F.length(text)) & text.rlike(_HAS_CONTROLS)
    return F.when(doubtful, F.translate(text, _CONTROLS, _WINDOWS)).otherwise(text)


def _plain_text(text: Column) -> Column:
    """``text`` with single spaces; NULL if it is blank."""
    spaced = F.trim(F.regexp_replace(text, "[\\s\xa0]+", " "))
    uneven = reduce(or_, [F.contains(text, F.lit(space)) for space in ("  ", "\t", "\xa0", "\x0b", "\f")])
    plain = F.when(uneven, spaced).otherwise(text)
    return F.when(plain != "", plain)


def allowed(parser: Parser, type_: str) -> str:
    """What a field read by ``parser`` may hold, for the reason of a refusal."""
    match parser:
        case Whole(signed):
            return "a whole number is allowed" if signed else "a whole number without a minus is allowed"
        case Number(mark):
            return f"a number with decimal mark {mark!r} that fits {type_} is allowed"
        case Digits(width):
            return f"1 to {width} digits are allowed"
        case Ordinal(low, high):
            return f"a number from {low} to {high} is allowed"
        case Prefix(values):
            return f"a text is allowed that starts with one of: {', '.join(sorted(key.strip() for key in values))}"
        case Date(pattern):
            return f"a date {pattern} is allowed"
        case Text():
            return "any text is allowed"


def _number(text: Column, mark: str, type_: str) -> Column:
    scale = int(type_[type_.index(",") + 1 : -1]) if type_.startswith("decimal") else 18
    point, group = re.escape(mark), re.escape("." if mark == "," else ",")
    pattern = rf"^-?(\d+|\d{{1,3}}({group}\d{{3}})+)({point}\d{{0,{scale}}}0*)?$"
    plain = F.replace(F.replace(text, F.lit("." if mark == "," else ","), F.lit("")), F.lit(mark), F.lit("."))
    return F.when(text.rlike(pattern), plain)
