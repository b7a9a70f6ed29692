"""The texts that each parser accepts, described in words and as regular expressions."""

from __future__ import annotations

import re

from estrela.model.parse import Boolean, Date, Digits, Number, Ordinal, Parser, Prefix, Text, Timestamp, Whole


def allowed(parser: Parser, type_: str) -> str:
    """Return a description of the texts that ``parser`` accepts, for the reason of a reject."""
    match parser:
        case Whole(signed, grouping):
            minus = "" if signed else " without a minus"
            rule = f"a whole number{minus}{_separated(grouping)} is"
        case Number(mark, grouping):
            rule = f"a number with decimal mark {mark!r}{_separated(grouping)} that fits {type_} is"
        case Digits(width):
            rule = f"1 to {width} digits are"
        case Ordinal(low, high):
            rule = f"a number from {low} to {high} is"
        case Prefix(values):
            return f"a text is allowed that starts with one of: {', '.join(sorted(key.strip() for key in values))}"
        case Date(pattern):
            rule = f"a date {pattern} is"
        case Timestamp(pattern):
            rule = f"a date and time {pattern} is"
        case Boolean(true, false):
            return f"one of these words is allowed: {', '.join((*true, *false))}"
        case Text():
            rule = "any text that is not blank is"
    return f"{rule} allowed"


def _separated(grouping: str) -> str:
    return f" and thousands separator {grouping!r}" if grouping else ""


def number_pattern(parser: Whole | Number, type_: str) -> str:
    """Return a regular expression that matches exactly the texts that ``parser`` accepts (full match)."""
    minus = "" if isinstance(parser, Whole) and not parser.signed else "-?"
    groups = f"|[0-9]{{1,3}}(?:{re.escape(parser.grouping)}[0-9]{{3}})+" if parser.grouping else ""
    return f"{minus}(?:[0-9]+{groups}){_decimals(parser, type_)}"


def _decimals(parser: Whole | Number, type_: str) -> str:
    """Return the regular expression of the decimals: at most the column's scale, then only zeros."""
    if isinstance(parser, Whole):
        return ""
    scale = int(type_[type_.index(",") + 1 : -1]) if type_.startswith("decimal") else 18
    return f"(?:{re.escape(parser.mark)}(?=[0-9])[0-9]{{0,{scale}}}0*)?"
