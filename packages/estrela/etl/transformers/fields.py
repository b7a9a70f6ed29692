"""Spark expressions that parse a field's text in two steps: first its form, then its value.

``text`` is an SQL expression, because pyspark 3.5 offers try_cast only in SQL. Text that cannot be parsed gives NULL;
the caller distinguishes blank from unparsable text. The second step checks most values by converting them back to text
and comparing, which is several times faster than a regular expression. Regular expressions check the remaining texts,
such as numbers with leading zeros.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.etl.transformers.times import fixed_date, iso_text
from estrela.model.accepted import number_pattern
from estrela.model.parse import Boolean, Date, Digits, Number, Ordinal, Parser, Prefix, Text, Timestamp, Whole

if TYPE_CHECKING:
    from pyspark.sql import Column

BLANK = "[\\s\\x1c-\\x1f\xa0]"
"""White space as defined by Java's regular expressions, Python's other separators (U+001C to U+001F), no-break space.
"""
INTEGERS = ("int", "bigint")


def form(text: str, parser: Parser, type_: str) -> Column:
    """Return the form of ``text``: the value itself, or a text that :func:`value` casts to ``type_``."""
    field = F.expr(text)
    if isinstance(parser, Whole | Number):
        return _number_form(text, parser, type_)
    if isinstance(parser, Date | Timestamp):
        fixed = fixed_date(parser) if isinstance(parser, Date) else None
        return _cast(fixed.iso(text), text, "date") if fixed else iso_text(field, parser)
    return _text_form(text, parser) if isinstance(parser, Text) else _word_form(field, parser)


def _number_form(text: str, parser: Whole | Number, type_: str) -> Column:
    if isinstance(parser, Number):
        return _cast(f"replace({text}, '{parser.mark}', '.')", text, type_, parser.grouping)
    if type_ in INTEGERS:
        return _cast(text, text, type_, parser.grouping)
    field = F.expr(text)
    return F.when(field.rlike(f"^{number_pattern(parser, type_)}\\z"), _without(field, parser.grouping))


def _cast(sql: str, text: str, type_: str, grouping: str = "") -> Column:
    """Return ``sql`` cast to ``type_``; NULL for a ``text`` that is blank or grouped, which no cast accepts.

    A cast that fails is dear: Spark throws an exception and catches it.
    """
    is_castable = f"{text} <> ''" + (f" AND NOT contains({text}, {sql_text(grouping)})" if grouping else "")
    return F.expr(f"try_cast(CASE WHEN {is_castable} THEN {sql} END AS {type_})")


def _word_form(field: Column, parser: Digits | Ordinal | Prefix | Boolean) -> Column:
    match parser:
        case Digits(width):
            return F.when(field.rlike(f"^[0-9]{{1,{width}}}\\z"), F.lpad(field, width, "0"))
        case Ordinal(low, high):
            number, sign = F.substring(field, 1, 1), F.substring(field, 2, 2)
            is_sign = (F.length(sign) <= 1) & ~sign.between("0", "9")
            return F.when(number.between(str(low), str(high)) & is_sign, number)
        case Prefix(values):
            return F.coalesce(*[F.when(field.startswith(start), F.lit(value)) for start, value in values.items()])
        case Boolean(true, false):
            return F.when(field.isin(*true), F.lit(True)).when(field.isin(*false), F.lit(False))


def value(text: str, formed: str, parser: Parser, type_: str) -> Column:
    """Return the value of ``text``; its :func:`form` is in the column ``formed``.

    The value is NULL if the text is blank or not allowed.
    """
    field, parsed = F.expr(text), F.col(formed)
    match parser:
        case Whole(signed, grouping) if type_ in INTEGERS:
            # The text "-0" differs from the number converted back, so unsigned parsers need to check only for numbers
            # below zero.
            is_plain = parsed.cast("string") == field
            usual = is_plain if signed else is_plain & (parsed >= 0)
            return F.when(usual, parsed).otherwise(_unusual_number(text, parser, type_, grouping, ""))
        case Number(mark, grouping):
            rare = _unusual_number(text, parser, type_, grouping, mark)
            # Doubles cannot be checked by converting them back: a text such as NaN would pass.
            return (
                F.when(_is_exact(field, parsed, mark), parsed).otherwise(rare) if type_.startswith("decimal") else rare
            )
        case Date() if fixed := fixed_date(parser):
            return F.when(fixed.written(parsed) == field, parsed)
        case _:
            return F.expr(f"try_cast(`{formed}` AS {type_})")


def _is_exact(text: Column, decimal: Column, mark: str) -> Column:
    """Return whether ``decimal`` as text differs from ``text`` only by added zeros, i.e. nothing was rounded."""
    written = decimal.cast("string")
    marked = written if mark == "." else F.replace(written, F.lit("."), F.lit(mark))
    return marked.startswith(text) & ~text.endswith(mark)


def _unusual_number(text: str, parser: Whole | Number, type_: str, grouping: str, mark: str) -> Column:
    """Return the number in ``text`` if its pattern allows it: with leading zeros, thousands separators and so on."""
    plain = f"{text}"
    for sign, plain_sign in ((grouping, ""), (mark, ".")):
        plain = f"replace({plain}, {sql_text(sign)}, '{plain_sign}')" if sign else plain
    return F.when(F.expr(text).rlike(f"^{number_pattern(parser, type_)}\\z"), F.expr(f"try_cast({plain} AS {type_})"))


def _without(text: Column, sign: str) -> Column:
    return F.replace(text, F.lit(sign), F.lit("")) if sign else text


def sql_text(text: str) -> str:
    """Return ``text`` as an SQL literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def sql_value(value: str | int | bool) -> str:
    """Return ``value`` as an SQL literal. Building one SQL expression is much faster than building its columns."""
    return sql_text(value) if isinstance(value, str) else str(value).lower()


def _text_form(sql: str, parser: Text) -> Column:
    """Return the text rewritten as declared, or NULL if it is blank."""
    text = F.expr(sql)
    if not parser.trim:
        return F.when(~text.rlike(f"^{BLANK}*\\z"), text)
    single = F.regexp_replace(text, f"{BLANK}+", " ") if parser.collapse else text
    rewritten = F.regexp_replace(single, f"^{BLANK}+|{BLANK}+\\z", "")
    rare = F.expr(" OR ".join(f"contains({sql}, {sign})" for sign in _signs(parser)))
    return F.when(rare, F.when(rewritten != "", rewritten)).when(text != "", text)


def _signs(parser: Text) -> list[str]:
    """Return SQL literals; a field that needs rewriting contains at least one of them. Searching for them is cheap."""
    spaces = [*"\t\n\x0b\f\r\x1c\x1d\x1e\x1f", *(["  "] if parser.collapse else [])]
    # In UTF-8 only the characters U+0080 to U+00BF contain this byte; the no-break space is one of them.
    return [*map(sql_text, spaces), "CAST(X'C2' AS string)"]
