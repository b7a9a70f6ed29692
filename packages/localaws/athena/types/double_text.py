"""Floating point numbers as Java prints them."""

from __future__ import annotations

import math
from decimal import Decimal


def double_text(value: float, *, single: bool = False) -> str:
    """Java's Double.toString: 1.0, 1.0E10, 1.0E-5, NaN, Infinity."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "-0.0" if math.copysign(1, value) < 0 else "0.0"
    _, digits, exponent = Decimal(_shortest(value, single)).normalize().as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits))
    sign, point = "-" if value < 0 else "", len(text) + exponent
    if not 1e-3 <= abs(value) < 1e7:
        return f"{sign}{text[0]}.{text[1:] or '0'}E{point - 1}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{text}"
    return f"{sign}{text[:point].ljust(point, '0')}.{text[point:] or '0'}"


def _shortest(value: float, single: bool) -> str:
    if not single:
        return repr(value)
    from numpy import float32

    return str(float32(value))
