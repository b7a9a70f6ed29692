"""Decimals, integers and dates, compared with models of Trino's rules written independently of the translation."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, localcontext

import duckdb
import pytest
from examples import few_and_many
from hypothesis import given, settings
from hypothesis import strategies as st

from localaws.athena.embedded.sql import translate
from localaws.athena.embedded.sql.render import render
from localaws.athena.embedded.sql.session import prepare, register_functions


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    register_functions(connection)
    prepare(connection)
    return connection


def ask(connection: duckdb.DuckDBPyConnection, expression: str) -> tuple[str | None, str]:
    translation = translate(f"SELECT {expression}")
    (row,) = connection.execute(translation.sql).fetchall()
    return render(row[0], translation.columns[0].type), str(translation.columns[0].type)


@st.composite
def decimals(draw: st.DrawFn) -> tuple[Decimal, int, int]:
    precision = draw(st.integers(1, 12))
    scale = draw(st.integers(0, precision))
    digits = draw(st.integers(-(10**precision) + 1, 10**precision - 1))
    return Decimal(digits).scaleb(-scale), precision, scale


def literal(value: tuple[Decimal, int, int]) -> str:
    return f"CAST('{value[0]:f}' AS DECIMAL({value[1]},{value[2]}))"


@few_and_many(30, 150)
def test_decimal_arithmetic_has_trinos_value_and_type(connection, examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(decimals(), decimals(), st.sampled_from("+-*/%"))
    def holds(left, right, sign) -> None:
        (a, p1, s1), (b, p2, s2) = left, right
        if sign in "/%" and not b:
            return
        with localcontext(Context(prec=100)):
            if sign in "+-":
                precision, scale, value = (
                    max(p1 - s1, p2 - s2) + max(s1, s2) + 1,
                    max(s1, s2),
                    a + b if sign == "+" else a - b,
                )
            elif sign == "*":
                precision, scale, value = p1 + p2, s1 + s2, a * b
            elif sign == "/":
                precision, scale, value = p1 + s2 + max(0, s2 - s1), max(s1, s2), a / b
            else:
                precision, scale = min(p1 - s1, p2 - s2) + max(s1, s2), max(s1, s2)
                value = a - b * (a / b).quantize(Decimal(1), ROUND_DOWN)
            expected = value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP) + 0
        if precision == 0:
            return
        text, kind = ask(connection, f"{literal(left)} {sign} {literal(right)}")
        assert (Decimal(text), kind) == (expected, f"decimal({precision},{scale})")

    holds()


@few_and_many(30, 150)
def test_the_average_of_decimals_keeps_their_scale(connection, examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(st.lists(decimals().map(lambda d: d[0]), min_size=1, max_size=8))
    def holds(values) -> None:
        rows = ", ".join(f"CAST('{v.quantize(Decimal('0.0001'), ROUND_DOWN):f}' AS DECIMAL(18,4))" for v in values)
        translation = translate(f"SELECT avg(x) FROM (VALUES {rows}) t(x)")
        ((average,),) = connection.execute(translation.sql).fetchall()
        exact = [v.quantize(Decimal("0.0001"), ROUND_DOWN) for v in values]
        with localcontext(Context(prec=60)):
            expected = (sum(exact) / len(exact)).quantize(Decimal("0.0001"), ROUND_HALF_UP)
        assert (average, str(translation.columns[0].type)) == (expected, "decimal(18,4)")

    holds()


@few_and_many(30, 150)
def test_integer_division_truncates_and_the_remainder_follows_the_dividend(connection, examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(st.integers(-(2**31), 2**31 - 1), st.integers(-(2**15), 2**15 - 1).filter(bool))
    def holds(a, b) -> None:
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        if quotient == 2**31:
            return
        assert ask(connection, f"({a}) / ({b})") == (str(quotient), "integer")
        if b != -1:
            assert ask(connection, f"({a}) % ({b})") == (str(a - b * quotient), "integer")

    holds()


DATES = st.dates(date(1900, 1, 1), date(2100, 12, 31))


def add_months(day: date, months: int) -> date:
    """Add months to a date; the day is limited to the last day of the resulting month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


@few_and_many(30, 150)
def test_date_add_takes_the_last_day_of_a_shorter_month(connection, examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(DATES, st.integers(-600, 600), st.sampled_from([("month", 1), ("quarter", 3), ("year", 12)]))
    def holds(day, amount, unit) -> None:
        amount //= unit[1]
        expected = add_months(day, amount * unit[1])
        assert ask(connection, f"date_add('{unit[0]}', {amount}, DATE '{day}')") == (str(expected), "date")

    holds()


@few_and_many(30, 150)
def test_date_diff_counts_the_whole_units_between(connection, examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(DATES, DATES)
    def holds(first, second) -> None:
        low, high = min(first, second), max(first, second)
        months = (high.year - low.year) * 12 + high.month - low.month
        months -= add_months(low, months) > high
        sign = 1 if second >= first else -1
        days = (high - low).days
        expected = {"month": months, "quarter": months // 3, "year": months // 12, "week": days // 7, "day": days}
        units = list(expected)
        pair = f"DATE '{first}', DATE '{second}'"
        query = "ARRAY[" + ", ".join(f"date_diff('{u}', {pair})" for u in units) + "]"
        assert ask(connection, query)[0] == "[" + ", ".join(str(sign * expected[u]) for u in units) + "]"

    holds()


@few_and_many(30, 150)
def test_a_double_prints_as_java_prints_it_and_reads_back(connection, examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(st.floats(allow_nan=False, allow_infinity=False))
    def holds(value) -> None:
        text, _ = ask(connection, f"CAST('{value!r}' AS double)")
        mantissa, _, exponent = text.partition("E")
        assert float(text) == value
        assert len(mantissa.split(".")) == 2
        assert bool(exponent) == (value != 0 and not 1e-3 <= abs(value) < 1e7)

    holds()


@few_and_many(30, 150)
def test_substr_takes_code_points_from_either_end(connection, examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(
        st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8),
        st.integers(-10, 10),
        st.integers(-1, 10),
    )
    def holds(text, start, length) -> None:
        quoted = text.replace("'", "''")
        begin = start - 1 if start > 0 else len(text) + start
        inside = start != 0 and 0 <= begin < len(text) and length > 0
        expected = text[begin : begin + length] if inside else ""
        assert ask(connection, f"substr('{quoted}', {start}, {length})")[0] == expected
        assert ask(connection, f"reverse('{quoted}')")[0] == text[::-1]

    holds()
