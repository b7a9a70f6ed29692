"""Values formatted for people: thousands, decimals, units; the same for axes, labels, tiles and tables."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from metabase.model import Column
from metabase.preview.athena import Cell

DECIMALS = {"integer": 0, "decimal": 2, "percent": 1, "currency": 2}
NOTHING, MINUS = "\u2013", "\u2212"
"""The signs for a missing value and for a value below 0."""


def text_of(column: Column, value: Cell) -> str:
    """Return ``value`` of ``column`` as text, with its unit if the format implies one (%, R$)."""
    if value is None:
        return NOTHING
    if column.format in ("text", "date") or isinstance(value, str | bool):
        return f"{value}{column.suffix}"
    decimals = DECIMALS[column.format] if column.decimals is None else column.decimals
    number = Decimal(str(value)) * (100 if column.format == "percent" else 1)
    rounded = number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    sign = MINUS if rounded < 0 else ""
    before, after = ("R$ ", "") if column.format == "currency" else ("", "%" if column.format == "percent" else "")
    return f"{sign}{before}{abs(rounded):,}{after}{column.suffix}"


def with_unit(column: Column, value: Cell) -> str:
    """Return ``text_of`` followed by the column's unit."""
    text = text_of(column, value)
    is_written = not column.unit or column.format in ("percent", "currency") or value is None
    return text if is_written else f"{text} {column.unit}"


def axis_text(column: Column) -> str:
    """Return a Vega expression that formats an axis label of ``column``."""
    if column.format == "percent":
        return "format(datum.value, '.0%')"
    if column.format == "currency":
        return "'R$ ' + format(datum.value, ',.10~f')"
    return "format(datum.value, ',.10~f')"


def short_name(name: str, longest: int) -> str:
    """Return an institution's name without its legal form and the text after it, cut to ``longest`` letters."""
    name = re.split(r"\s+(?:S\.?\s?A\.?|S/A|LTDA\.?)(?:\s|$)", name, maxsplit=1)[0] or name
    return name if len(name) <= longest else f"{name[: longest - 1].rstrip()}…"


def bytes_text(size: int) -> str:
    """Return a number of bytes in the largest unit in which it is at least 1: ``1.5 MB``."""
    units = ("bytes", "kB", "MB", "GB", "TB")
    amount, place = float(size), 0
    while amount >= 1000 and place < len(units) - 1:
        amount, place = amount / 1000, place + 1
    return f"{amount:,.0f} {units[place]}" if place == 0 else f"{amount:,.1f} {units[place]}"
