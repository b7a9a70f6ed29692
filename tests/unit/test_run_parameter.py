"""Run parameters limit the requests of a source by their declared pattern."""

from __future__ import annotations

import pytest

from estrela.errors import DefinitionError
from estrela.etl.extractors.raw_extractor import Scope
from estrela.model import RunParameter
from estrela.model.star import load

QUARTERS = RunParameter("quarters", "Quarters", "(?P<year>[0-9]{4})T(?P<quarter>[1-4])", "2021T4")
DAYS = RunParameter("days", "Days, or whole months", "(?P<month>[0-9]{4}-[0-9]{2})(-(?P<day>[0-9]{2}))?", "2026-11-28")


def test_values_select_the_requests_that_carry_their_parts() -> None:
    first, second = {"year": "2021", "quarter": "4", "kind": "x"}, {"year": "2022", "quarter": "4"}
    assert [QUARTERS.selects(["2021T4"], request) for request in (first, second, {})] == [True, False, False]
    assert all(QUARTERS.selects([], request) for request in (first, second, {}))
    assert all(QUARTERS.selects(["2021T4", "2022T4"], request) for request in (first, second))


def test_a_part_that_a_value_leaves_out_limits_nothing() -> None:
    assert DAYS.selects(["2026-11"], {"month": "2026-11", "day": "03"})
    assert not DAYS.selects(["2026-11-04"], {"month": "2026-11", "day": "03"})


@pytest.mark.parametrize(
    ("pattern", "example", "problem"),
    [
        ("[0-9]{4}", "2021", "pattern '[0-9]{4}' names no key of a request; write (?P<key>...)"),
        ("(?P<year>[0-9]", "2021", "pattern '(?P<year>[0-9]' is not a regular expression: missing ), unterminated "
         "subpattern at position 0"),
        ("(?P<year>[0-9]{4})", "21", "example '21' does not match pattern '(?P<year>[0-9]{4})'"),
    ],
)  # fmt: skip
def test_a_wrong_declaration_is_refused(pattern: str, example: str, problem: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        RunParameter("years", "Years", pattern, example)
    assert str(caught.value) == f"RunParameter('years'): {problem}"


def test_a_name_that_every_run_uses_is_refused() -> None:
    with pytest.raises(DefinitionError) as caught:
        RunParameter("full_refresh", "All", "(?P<all>x)", "x")
    assert str(caught.value) == (
        "RunParameter('full_refresh'): full_refresh is a parameter of every run; choose another name"
    )


def test_a_scope_limits_only_the_sources_that_declare_the_parameter() -> None:
    star = load("banking")
    scope = Scope({"quarters": ("2021T4",)})
    held = {source.name for source in star.sources if scope.holds(source, {"year": "2022", "quarter": "1"})}
    assert held == {source.name for source in star.sources} - {"complaints"}
