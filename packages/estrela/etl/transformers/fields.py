"""Spark expressions that parse a field's text, in two steps: its form, then its value.

``text`` is an SQL expression, since pyspark 3.5 has try_cast only in SQL. Unreadable text gives NULL; the caller
distinguishes blank from unreadable. Two steps, since a value that is written back and compared with its text is checked
several times faster than by a regular expression; that is left for the rest, such as leading zeros.
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
"""White space of Java's regular expressions, the separators that Python counts as white space, the no-break space."""
INTEGERS = ("int", "bigint")


def form(text: str, parser: Parser, type_: str) -> Column:
    """Return the form of ``text``: the value itself, or a text that :func:`value` casts to ``type_``."""
    field = F.expr(text)
    if isinstance(parser, Whole | Number):
        return _number_form(text, parser, type_)
    if isinstance(parser, Date | Timestamp):
        fixed = fixed_date(parser) if isinstance(parser, Date) else None
        return F.expr(f"try_cast({fixed.iso(text)} AS date)") if fixed else iso_text(field, parser)
    return _text_form(text, parser) if isinstance(parser, Text) else _word_form(field, parser)


def _number_form(text: str, parser: Whole | Number, type_: str) -> Column:
    if isinstance(parser, Number):
        return F.expr(f"try_cast(replace({text}, '{parser.mark}', '.') AS {type_})")
    if type_ in INTEGERS:
        return F.expr(f"try_cast({text} AS {type_})")
    field = F.expr(text)
    return F.when(field.rlike(f"^{number_pattern(parser, type_)}\\z"), _without(field, parser.grouping))


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
    """Return the value of ``text``, whose :func:`form` is the column ``formed``.

    NULL where the text is blank or not allowed.
    """
    field, parsed = F.expr(text), F.col(formed)
    match parser:
        case Whole(signed, grouping) if type_ in INTEGERS:
            # A minus zero is not written back as such: only negative numbers need a look.
            is_plain = parsed.cast("string") == field
            usual = is_plain if signed else is_plain & (parsed >= 0)
            return F.when(usual, parsed).otherwise(_rare(text, parser, type_, grouping, ""))
        case Number(mark, grouping):
            rare = _rare(text, parser, type_, grouping, mark)
            # A text such as NaN is a double that is written back as it was.
            return (
                F.when(_is_usual(field, parsed, mark), parsed).otherwise(rare) if type_.startswith("decimal") else rare
            )
        case Date() if fixed := fixed_date(parser):
            return F.when(fixed.written(parsed) == field, parsed)
        case _:
            return F.expr(f"try_cast(`{formed}` AS {type_})")


def _is_usual(text: Column, decimal: Column, mark: str) -> Column:
    """Return whether ``decimal`` was neither rounded nor read from another form: written back, it only adds zeros."""
    written = decimal.cast("string")
    marked = written if mark == "." else F.replace(written, F.lit("."), F.lit(mark))
    return marked.startswith(text) & ~text.endswith(mark)


def _rare(text: str, parser: Whole | Number, type_: str, grouping: str, mark: str) -> Column:
    """Return the number in ``text`` if its pattern allows it: with leading zeros, thousands separators and the like."""
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
    """Return ``value`` as an SQL literal. One expression in SQL is built in a fraction of the time of its columns."""
    return sql_text(value) if isinstance(value, str) else str(value).lower()


def _text_form(sql: str, parser: Text) -> Column:
    """Return the text as declared; NULL if it is blank."""
    text = F.expr(sql)
    if not parser.trim:
        return F.when(~text.rlike(f"^{BLANK}*\\z"), text)
    single = F.regexp_replace(text, f"{BLANK}+", " ") if parser.collapse else text
    rewritten = F.regexp_replace(single, f"^{BLANK}+|{BLANK}+\\z", "")
    rare = F.expr(" OR ".join(f"contains({sql}, {sign})" for sign in _signs(parser)))
    return F.when(rare, F.when(rewritten != "", rewritten)).when(text != "", text)


def _signs(parser: Text) -> list[str]:
    """Return SQL of texts of which a field that must be rewritten contains at least one: to search is cheap."""
    spaces = [*"\t\n\x0b\f\r\x1c\x1d\x1e\x1f", *(["  "] if parser.collapse else [])]
    # UTF-8 writes each character from U+0080 to U+00BF with this byte, and no other: a no-break space is among them.
    return [*map(sql_text, spaces), "CAST(X'C2' AS string)"]
