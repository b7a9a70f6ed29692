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


_WHOLE = r"^-?(\d+|\d{1,3}(\.\d{3})+)$"


def value(text: str, formed: str, parser: Parser, type_: str) -> str:
    """SQL for the value of the column ``text``, whose :func:`form` is the column ``formed``.

    NULL where the text is blank or not allowed. pyspark 3.5 has try_cast in SQL alone.
    """
    cast = f"try_cast(`{formed}` AS {type_})"
    if not isinstance(parser, Whole):
        return cast
    # Spark reads most whole numbers as they stand, and refuses a dot: the regular expression is for the others.
    number = f"coalesce(try_cast(`{text}` AS {type_}), {cast})" if type_ in ("int", "bigint") else cast
    return number if parser.signed else f"CASE WHEN NOT startswith(`{text}`, '-') THEN {number} END"


def form(text: Column, parser: Parser, type_: str, latin: bool = False) -> Column:
    """``text`` in a form that Spark can cast to ``type_``; NULL, or what the cast refuses, where it is not allowed.

    ``latin`` tells that it was decoded as ISO-8859-1, from Windows-1252 perhaps.
    """
    match parser:
        case Whole():
            return F.when(text.rlike(_WHOLE), F.replace(text, F.lit("."), F.lit("")))
        case Number(mark):
            return _number(text, mark, type_)
        case Digits(width):
            return F.when(text.rlike(f"^[0-9]{{1,{width}}}$"), F.lpad(text, width, "0"))
        case Ordinal(low, high):
            number, sign = F.substring(text, 1, 1), F.substring(text, 2, 2)
            is_sign = (F.length(sign) <= 1) & ~sign.between("0", "9")
            return F.when(number.between(str(low), str(high)) & is_sign, number)
        case Prefix(values):
            return F.coalesce(*[F.when(text.startswith(start), F.lit(value)) for start, value in values.items()])
        case Date(pattern):
            return F.date_format(F.try_to_timestamp(text, F.lit(pattern)), "yyyy-MM-dd")
        case Text():
            return _plain_text(text, latin)


def _plain_text(text: Column, latin: bool) -> Column:
    """``text`` with single spaces, and if it is ``latin`` with the characters of Windows-1252; NULL if it is blank."""
    known = F.translate(text, _CONTROLS, _WINDOWS) if latin else text
    rewritten = F.trim(F.regexp_replace(known, "[\\s\xa0]+", " "))
    rare = reduce(or_, [F.contains(text, sign) for sign in _signs(latin)])
    return F.when(rare, F.when(rewritten != "", rewritten)).when(text != "", text)


def _signs(latin: bool) -> list[Column]:
    """What a text holds, at least one of it, if :func:`_plain_text` must rewrite it: to search is cheap."""
    spaces = ["  ", "\t", "\x0b", "\f", *(["\xff"] if latin else [])]
    # UTF-8 writes each character from U+0080 to U+00BF with this byte, and no other.
    return [*map(F.lit, spaces), F.lit(b"\xc2").cast("string")]


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
