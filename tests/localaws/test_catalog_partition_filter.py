"""Partition expressions against a model of SQL's comparison in Python."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from examples import few_and_many
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.glue.exceptions import InvalidInputException, InvalidStateException

from localaws.glue.partition_filter import NULL, partition_filter

KEYS = [{"Name": "n", "Type": "int"}, {"Name": "s", "Type": "string"}, {"Name": "d", "Type": "decimal(10,2)"}]
CASTS: dict[str, Callable[[str], Any]] = {"n": int, "s": str, "d": Decimal}
SIGNS = {
    "=": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
Model = Callable[[dict[str, Any]], bool | None]

numbers = st.integers(-3, 12)
texts = st.text("ab'%_ ", max_size=3)
decimals = st.decimals(-1, 1, places=1)


def literal_of(name: str) -> st.SearchStrategy[Any]:
    return {"n": numbers, "s": texts, "d": decimals}[name]


def quoted(value: Any) -> str:
    return "'" + str(value).replace("'", "''") + "'"


@st.composite
def comparisons(draw: st.DrawFn) -> tuple[str, Model]:
    name = draw(st.sampled_from("nsd"))
    literal, other = draw(literal_of(name)), draw(literal_of(name))
    kind = draw(st.sampled_from(["sign", "flipped", "in", "between", "null"]))
    negation = draw(st.sampled_from(["", "NOT "]))
    sign = draw(st.sampled_from(sorted(SIGNS)))
    if kind == "sign":
        return f"{name.upper()} {sign} {quoted(literal)}", strict(name, lambda v: SIGNS[sign](v, literal))
    if kind == "flipped":
        return f"{quoted(literal)} {sign} {name}", strict(name, lambda v: SIGNS[sign](literal, v))
    if kind == "in":
        text = f"{name} {negation}in ({quoted(literal)}, {quoted(other)})"
        return text, strict(name, lambda v: (v in (literal, other)) is not bool(negation))
    if kind == "between":
        text = f"{name} {negation}between {quoted(literal)} and {quoted(other)}"
        return text, strict(name, lambda v: (literal <= v <= other) is not bool(negation))
    return f"`{name}` is {negation}null", lambda row: (row[name] is None) is not bool(negation)


def strict(name: str, holds: Callable[[Any], bool]) -> Model:
    return lambda row: None if row[name] is None else holds(row[name])


def both(left: tuple[str, Model], word: str, right: tuple[str, Model]) -> tuple[str, Model]:
    stops = word == "or"

    def model(row: dict[str, Any]) -> bool | None:
        results = {left[1](row), right[1](row)}
        return stops if stops in results else None if None in results else not stops

    return f"({left[0]}) {word} ({right[0]})", model


def negated(inner: tuple[str, Model]) -> tuple[str, Model]:
    return f"not ({inner[0]})", lambda row: None if inner[1](row) is None else not inner[1](row)


expressions = st.recursive(
    comparisons(),
    lambda inner: st.builds(both, inner, st.sampled_from(["and", "or"]), inner) | inner.map(negated),
    max_leaves=6,
)
rows = st.fixed_dictionaries({name: st.none() | literal_of(name) for name in "nsd"})


@few_and_many(75, 300)
def test_an_expression_selects_what_sql_would(examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(expressions, st.lists(rows, min_size=1, max_size=8))
    def holds(expression: tuple[str, Model], table: list[dict[str, Any]]) -> None:
        text, model = expression
        matches = partition_filter(text, KEYS)
        for row in table:
            values = [NULL if row[name] is None else str(row[name]) for name in "nsd"]
            assert matches(values) is (model(row) is True), text

    holds()


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_either_understood_or_refused(text: str) -> None:
    try:
        partition_filter(text, KEYS)
    except InvalidInputException as error:
        assert error.message


@pytest.mark.parametrize("sign", sorted(SIGNS))
def test_each_operator_compares_below_at_and_above_the_value(sign: str) -> None:
    matches = partition_filter(f"n {sign} '10'", KEYS)
    assert [matches([n, "", "0"]) for n in ("9", "10", "11")] == [SIGNS[sign](n, 10) for n in (9, 10, 11)]


def test_and_binds_closer_than_or() -> None:
    matches = partition_filter("s = 'x' or s = 'y' and n = 1", KEYS)
    assert [matches(["2", s, "0"]) for s in "xy"] == [True, False]


@pytest.mark.parametrize(
    ("key_type", "expression", "values", "expected"),
    [
        ("date", "k >= '2024-01-31' and k < date '2024-02-02'", ["2024-01-30", "2024-01-31", "2024-02-02"], "010"),
        ("timestamp", "k > '2024-01-01 00:00:00.1'", ["2024-01-01 00:00:00.09", "2024-01-01 00:00:00.11"], "01"),
        ("bigint", "k = 07", ["7", "07", "70"], "110"),
        ("decimal(38,2)", "k = 0.10", ["0.1", "0.100", "0.11"], "110"),
        ("varchar(10)", "k like 'a.%'", ["a.b", "ab", "a."], "101"),
        ("string", "k = 'it''s'", ["it's", "its"], "10"),
    ],
)
def test_each_type_compares_as_itself(key_type: str, expression: str, values: list[str], expected: str) -> None:
    matches = partition_filter(expression, [{"Name": "k", "Type": key_type}])
    assert "".join(str(int(matches([value]))) for value in values) == expected


@pytest.mark.parametrize(
    ("key_type", "expression", "message"),
    [
        ("int", "k like '1%'", "int data type doesn't support operation 'LIKE'"),
        ("date", "k = '2024-02-30'", "day is out of range for month"),
        ("boolean", "k = 'true'", "Unknown type : 'boolean'"),
        ("string", "k = 'open", "Unsupported expression 'k = 'open'"),
        ("string", "k not = 'x'", "Unsupported expression 'k not = 'x''"),
        ("string", "k = 'x' k", "Unsupported expression 'k = 'x' k'"),
    ],
)
def test_what_cannot_hold_is_refused(key_type: str, expression: str, message: str) -> None:
    with pytest.raises(InvalidInputException) as error:
        partition_filter(expression, [{"Name": "k", "Type": key_type}])
    assert error.value.message == message


def test_a_stored_value_of_another_type_is_an_invalid_state() -> None:
    with pytest.raises(InvalidStateException) as error:
        partition_filter("n = 1", KEYS)(["one", "", "0"])
    assert error.value.message == "one is not an integer."
