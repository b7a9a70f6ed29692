"""Spark expressions that read a field's text. What cannot be read is NULL; the caller tells blank from unreadable."""

from __future__ import annotations

import re
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


# Dots that part a whole number into groups of three digits: no others go.
_GROUPING_DOT = r"\.(?=\d{3}(?:\.\d{3})*$)(?<=^-?\d{1,3}(?:\.\d{3}){0,9}\.)"


def castable(text: Column, parser: Parser, type_: str, latin: bool = False) -> Column:
    """``text`` in the form that :func:`cast` reads; NULL if it is blank, and "" where ``parser`` does not allow it.

    ``latin`` tells that it was decoded as ISO-8859-1, from Windows-1252 perhaps.
    """
    if isinstance(parser, Text):
        return _plain_text(_windows(text) if latin else text)
    return F.when(text != "", F.coalesce(_form(text, parser, type_), F.lit("")))


def _form(text: Column, parser: Parser, type_: str) -> Column:
    match parser:
        case Whole(signed):
            # A dot is rare and its regular expression dear: plain numbers go the short way, checked by the cast.
            number = F.when(F.instr(text, ".") == 0, text).otherwise(F.regexp_replace(text, _GROUPING_DOT, ""))
            return number if signed else F.when(F.instr(text, "-") == 0, number)
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
            return text


def _windows(text: Column) -> Column:
    """``text`` with the characters of Windows-1252; one that is all ASCII needs no look at each."""
    doubtful = (F.octet_length(text) != F.length(text)) & text.rlike(_HAS_CONTROLS)
    return F.when(doubtful, F.translate(text, _CONTROLS, _WINDOWS)).otherwise(text)


def _plain_text(text: Column) -> Column:
    """``text`` with single spaces; NULL if it is blank."""
    spaced = F.regexp_replace(text, "[\\s\xa0]+", " ")
    return F.when(text.rlike("\\s\\s|[\\t\\xa0]"), spaced).when(text != "", text)


def cast(name: str, type_: str) -> Column:
    """The column ``name``, made by :func:`castable`, as ``type_``; NULL where it does not fit."""
    # pyspark 3.5 has try_cast in SQL alone.
    return F.when(F.col(name) != "", F.col(name)) if type_ == "string" else F.expr(f"try_cast(`{name}` AS {type_})")


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
