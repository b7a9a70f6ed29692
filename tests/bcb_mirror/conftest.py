"""A mirror of a small synthetic world for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bcb_mirror.quarters import Quarter
from bcb_mirror.serving import Serving, serving
from bcb_mirror.synthetic_world import SyntheticWorld


@pytest.fixture(scope="session")
def world() -> SyntheticWorld:
    return SyntheticWorld(seed=7, institutions=120)


@pytest.fixture
def mirror(world: SyntheticWorld) -> Iterator[Serving]:
    with serving(world, until=Quarter(2024, 3)) as running:
        yield running
