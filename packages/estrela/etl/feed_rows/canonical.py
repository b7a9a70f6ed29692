"""Detection, by a regular expression, of canonical rows: COPY reads their text exactly as the parsers would.

Matching rows are sent unchanged. Their values are never rounded, padded, trimmed or out of range, so COPY cannot fail
on them. Good rows that do not match are parsed field by field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from estrela.etl.feed_rows.values import SPACES
from estrela.etl.readers.dialect import Dialect
from estrela.model.feed import Feed
from estrela.model.feed_engine import REDSHIFT_TEXT_BYTES, Engine, Redshift
from estrela.model.feed_format import Csv
from estrela.model.parse import Boolean, Date, Digits, Number, Parser, Prefix, Text, Timestamp, Whole
from estrela.model.source import Field

DATE = "[12][0-9]{3}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
DIGITS = {"int": 9, "bigint": 18}
"""Number of digits with which every number fits the type."""
TRUE, FALSE = frozenset({"true", "t", "yes", "y", "on", "1"}), frozenset({"false", "f", "no", "n", "off", "0"})
"""Words that PostgreSQL accepts as booleans."""
ONLY_POSTGRES = frozenset({"on", "off"})
"""Those of the words that Redshift does not accept."""
REDSHIFT_LETTERS = REDSHIFT_TEXT_BYTES // 4 - 1
"""Number of characters that always fit Redshift's longest text, not counting the first."""


def rows_pattern(feed: Feed, form: Csv, dialect: Dialect) -> re.Pattern[str] | None:
    """Return a pattern for any number of consecutive canonical rows, or None if such files can have none."""
    places = sorted(dialect.positions)
    marks = dialect.delimiter + (dialect.quote or "")
    if feed.pii or places != list(range(dialect.width)) or form.null_words or not marks.isascii():
        return None
    fields = dict(zip(dialect.positions, dialect.layout.fields, strict=True))
    types = {column.name: column.type for column in feed.columns}
    patterns = [_field(fields[place], types, dialect, feed.engine) for place in places]
    if None in patterns:
        return None
    row = re.escape(dialect.delimiter).join(map(str, patterns))
    return re.compile(f"(?:(?![\r\n]){row}(?:\r\n|\n|\r))*+")


def _field(field: Field, types: Mapping[str, str], dialect: Dialect, engine: Engine) -> str | None:
    is_redshift = isinstance(engine, Redshift)
    if is_redshift and isinstance(field.parse, Boolean) and not ONLY_POSTGRES.isdisjoint(_words(field.parse)):
        return None
    most = f"{{0,{REDSHIFT_LETTERS}}}+" if is_redshift else "*+"
    pattern = _text(dialect, most) if isinstance(field.parse, Text) else _pattern(field.parse, types[field.column])
    if pattern is None or (isinstance(field.parse, Text) and (field.parse.collapse or not field.parse.trim)):
        return None
    if not isinstance(field.parse, Text) and dialect.delimiter in _signs(field.parse):
        return None
    return f"(?:{pattern})" if field.required else f"(?:{pattern}|)"


def _signs(parser: Parser) -> str:
    """Return the characters that values may contain; a delimiter among them would split a row wrongly."""
    return "0123456789-.: " + ("".join(_words(parser)) if isinstance(parser, Boolean | Prefix) else "")


def _text(dialect: Dialect, most: str) -> str:
    """Return the pattern of a text that is not blank and has no white space at its ends."""
    never = re.escape(dialect.delimiter + (dialect.quote or '"')) + "\r\n\0"
    # A look-behind for the last character takes less time than a second repetition that ends with it.
    ends = f"(?<![{SPACES}])"
    plain = f"[^{never}{SPACES}][^{never}]{most}{ends}"
    if not dialect.quote:
        return plain
    quote = re.escape(dialect.quote)
    return f"{plain}|{quote}[^{quote}\0{SPACES}][^{quote}\r\n\0]{most}{ends}{quote}"


def _pattern(parser: Parser, type_: str) -> str | None:
    match parser:
        case Whole(signed, "") if type_ in DIGITS:
            return f"{'-?' if signed else ''}[0-9]{{1,{DIGITS[type_]}}}+"
        case Number(".", "") if type_.startswith("decimal"):
            return _decimal(type_)
        case Digits(width):
            return f"[0-9]{{{width}}}"
        case Date("yyyy-MM-dd"):
            return DATE
        case Timestamp("yyyy-MM-dd HH:mm:ss", "UTC"):
            return f"{DATE} {TIME}"
        case Boolean(true, false) if TRUE.issuperset(true) and FALSE.issuperset(false):
            return _one_of((*true, *false))
        case Prefix(values) if all(start == value for start, value in values.items()) and _are_apart(values):
            return _one_of(values)
        case _:
            return None


def _decimal(type_: str) -> str:
    precision, scale = map(int, type_[len("decimal(") : -1].split(","))
    whole = f"[0-9]{{1,{precision - scale}}}+" if precision > scale else "0"
    return f"-?{whole}(?:\\.[0-9]{{1,{scale}}}+)?+" if scale else f"-?{whole}"


def _words(parser: Boolean | Prefix) -> tuple[str, ...]:
    return (*parser.true, *parser.false) if isinstance(parser, Boolean) else tuple(parser.values)


def _are_apart(words: Iterable[str]) -> bool:
    """Return whether all are plain words and none is a prefix of another."""
    known = list(words)
    return all(re.fullmatch("[A-Za-z0-9]+", word) for word in known) and not any(
        word != other and word.startswith(other) for word in known for other in known
    )


def _one_of(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, words))
