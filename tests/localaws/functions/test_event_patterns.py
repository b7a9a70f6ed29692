"""Event patterns: AWS's results for matching, and its error texts for invalid patterns."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from localaws.events.pattern_rules import parse_pattern
from localaws.events.patterns import matches
from localaws.running import Running

ACCOUNT = "123456789012"
# Text, reason, and the position of AWS's parser: after the value, or after the quotation mark of a string that it has
# not read.
_REFUSED = (
    ('{"int": 42}', '"int" must be an object or an array', 11),
    ('{"string": "my-value"}', '"string" must be an object or an array', 13),
    ('{"resources": []}', "Empty arrays are not allowed", 17),
    ('{"my_key": [{"EXISTS": true}]}', "Unrecognized match type EXISTS", 28),
    ('{"detail": {"c": [{"numeric": [">", 0, ">", 0]}]}}', "Bad numeric range operator: >", 43),
    ('{"detail": {"c": [{"numeric": [">", 0, "<"]}]}}', "Value of < must be numeric", 44),
    ('{"time": [{"prefix": ["2022-07-13"]}]}', "prefix match pattern must be a string", 23),
    ('{"b": [{"wildcard": "a**"}]}', "Consecutive wildcard characters at pos 2", 26),
    ('{"f": [{"anything-but": {"suffix": ""}}]}', "Null prefix/suffix not allowed", 38),
    ('{"f": [{"anything-but": {"suffix": [1]}}]}', "prefix/suffix match pattern must be a string", 38),
)


def test_patterns_are_judged_as_aws_judges_them(aws: Running) -> None:
    """Results and texts of AWS's recordings (tests/aws/services/events/test_events_patterns.snapshot.json)."""
    events = aws.client("events")
    event = {
        "id": "1", "source": "s", "detail-type": "t", "account": ACCOUNT, "time": "2026-01-01T00:00:00Z",
        "region": "us-east-1", "resources": ["a", "b"], "detail": {"state": "running", "count": 5, "none": None},
    }  # fmt: skip

    def verdict(pattern: str) -> Any:
        try:
            return events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"]
        except ClientError as error:
            return error.response["Error"]["Message"]

    for pattern, expected in (
        ({"detail": {"state": [{"prefix": "run"}]}}, True),
        ({"detail": {"state": [{"anything-but": ["stopped"]}]}}, True),
        ({"detail": {"state": [{"exists": False}]}}, False),
        ({"detail": [{"exists": True}]}, False),  # a branch is no leaf
        ({"detail": [{"exists": False}]}, True),
        ({"detail": {"count": [{"numeric": [">", 1, "<", 5]}]}}, False),
        ({"detail": {"count": ["5"]}}, False),
        ({"detail": {"none": [None]}}, True),
        ({"resources": ["b"]}, True),
        ({"$or": [{"source": ["x"]}, {"detail-type": ["t"]}]}, True),
        ({"detail": {"state": [{"wildcard": "r*g"}]}}, True),
        ({"detail": {"ip": [{"cidr": "1"}]}}, "Event pattern is not valid. Reason: Malformed CIDR, one '/' required"),
    ):
        assert verdict(json.dumps(pattern)) == expected, pattern
    for text, reason, column in _REFUSED:
        place = f'\n at [Source: (String)"{text}"; line: 1, column: {column}]'
        times = 2 if reason.startswith("prefix/suffix") else 1  # a list below anything-but
        assert verdict(text) == f"Event pattern is not valid. Reason: {reason}{place * times}"
    long = '{"source": [' + '"s", ' * 100 + "[]]}"
    shown = f'{long[:500]}"[truncated {len(long) - 500} chars]'
    assert verdict(long).endswith(f'null\n at [Source: (String)"{shown}; line: 1, column: 514]')
    for text in ('["plain string"]', '{"testEvent": "value"}', "no json"):
        with pytest.raises(ClientError) as error:
            events.test_event_pattern(EventPattern='{"source": ["s"]}', Event=text)
        assert error.value.response["Error"]["Message"] == "Parameter Event is not valid."


_LEAVES = st.one_of(st.text(max_size=3), st.integers(-5, 5), st.booleans(), st.none())
_EVENTS = st.dictionaries(st.text("abc", min_size=1, max_size=2), _LEAVES, min_size=1, max_size=4)


@given(event=_EVENTS)
def test_an_event_matches_the_pattern_of_its_own_values(event: dict[str, Any]) -> None:
    pattern = parse_pattern(json.dumps({name: [value] for name, value in event.items()}))
    assert matches(pattern, event)
    name = next(iter(event))
    assert not matches({name: [{"anything-but": [event[name]]}]}, event)
    assert not matches({name: [{"exists": False}]}, event)
    assert matches({f"{name}-": [{"exists": False}]}, event)


@pytest.mark.parametrize(
    "event",
    [{"a": {"b": {"c": "x"}}}, {"a.b.c": "x"}, {"a.b": {"c": "x"}}, {"a": {"b.c": "x"}}, {"a.b": 1, "a.b.c": "x"}],
)
def test_a_path_is_joined_by_dots_wherever_the_event_has_them(event: dict[str, Any]) -> None:
    """As recorded in test_sns_filter_policy.py: test_filter_policy_on_message_body_dot_attribute."""
    assert matches({"a.b.c": ["x"]}, event)
    assert not matches({"a.b.c": ["y"]}, event)
    assert not matches({"a.c": ["x"]}, event)
