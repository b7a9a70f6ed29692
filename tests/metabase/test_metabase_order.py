"""Metabase promises no order of its lists: the result is the same in every order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from credentials_of_tests import PASSWORD
from fake_metabase import State, serving
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metabase.files import load
from metabase.model import Site
from metabase.provision.client import Timeouts
from metabase.provision.descriptions import Described
from metabase.provision.provision import apply, plan
from metabase.provision.target import Lake, Target

SHORT_TIMEOUTS = Timeouts(start=0, sync=0, pause=0.01, backoff=0)
TABLES = (Described("shops", "sales", "Sales", {"shop": "Shop", "amount": "Pieces"}),)


@dataclass
class Ordered:
    site: Site
    state: State
    target: Target


@pytest.fixture(scope="module")
def ordered(request: pytest.FixtureRequest) -> Iterator[Ordered]:
    state = State({"shops.sales": ["shop", "amount"]}, order=random.Random(0))
    with serving(state) as url:
        lake = Lake("eu-west-1", "primary", "", "AwsDataCatalog", "")
        site = load(request.path.parent / "site")
        yield Ordered(site, state, Target(url, lake, "admin@example.com", PASSWORD))


@given(
    seed=st.integers(0, 2**32), victims=st.sets(st.integers(0, 9), max_size=3), tags=st.sampled_from(["list", "map"])
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_order_one_apply_is_enough(ordered: Ordered, seed: int, victims: set[int], tags: str) -> None:
    """Some cards are moved, some questions renamed; after one apply a plan and another apply have no changes."""
    state = ordered.state
    state.order, state.tags = random.Random(seed), tags
    for dashboard in state.rows("dashboards"):
        for number, card in enumerate(dashboard["dashcards"]):
            card["row"] += 30 if number in victims else 0
    for number, card in enumerate(state.rows("cards")):
        card["name"] += " (mine)" if number in victims else ""
    apply(ordered.site, ordered.target, TABLES, timeouts=SHORT_TIMEOUTS)
    assert plan(ordered.site, ordered.target, TABLES, SHORT_TIMEOUTS).changes == ()
    assert apply(ordered.site, ordered.target, TABLES, timeouts=SHORT_TIMEOUTS).changes == ()
    assert [len(state.rows(kind)) for kind in ("dashboards", "cards", "databases", "groups")] == [3, 7, 1, 4]
