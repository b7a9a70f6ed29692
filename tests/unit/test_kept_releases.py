"""Releases whose snapshots maintenance keeps, so that readers can be led back to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from estrela.etl.releases.manifests import Manifests, Pointer
from estrela.etl.releases.release import Release
from estrela.etl.steps.maintain import kept_snapshots


@dataclass
class ObjectsInMemory:
    values: dict[str, dict[str, Any]] = field(default_factory=dict)

    def read(self, key: str) -> tuple[dict[str, Any], str]:
        return self.values.get(key, {}), str(key in self.values)

    def write(self, key: str, value: Mapping[str, Any], version: str) -> str:
        self.values[key] = dict(value)
        return "True"


def kept(replaced: Mapping[int, int], current: int, latest: int) -> set[int]:
    """Releases of which a snapshot is kept; ``replaced`` maps each number to the release that it replaced."""
    manifests = Manifests(ObjectsInMemory(), "shop")
    for number, before in replaced.items():
        manifests.create(Release(number, "shop", "run", "2026-01-01", before, {"shop_refined.dim": 100 + number}, ()))
    manifests.point(Pointer(current, "2026-01-01", latest_id=latest), "")
    return {snapshot - 100 for snapshot in kept_snapshots(manifests)}


IN_A_ROW = {number: number - 1 for number in range(1, 15)}
ROLLED_BACK = {1: 0, 2: 1, 3: 2, 4: 1}
DIED = {1: 0, 2: 1, **dict.fromkeys(range(3, 15), 2)}


@pytest.mark.parametrize(
    ("replaced", "current", "latest", "numbers"),
    [
        (IN_A_ROW, 14, 14, set(range(5, 15))),
        (IN_A_ROW, 2, 14, {2, *range(5, 15)}),
        (ROLLED_BACK, 4, 4, {1, 2, 3, 4}),
        (DIED, 14, 14, {1, 2, *range(5, 15)}),
    ],
    ids=["newest ten", "the current one", "those that were rolled back", "those before publishes that died"],
)
def test_releases_that_can_be_shown_again_are_kept(
    replaced: Mapping[int, int], current: int, latest: int, numbers: set[int]
) -> None:
    assert kept(replaced, current, latest) == numbers


def test_nothing_is_kept_before_the_first_release() -> None:
    assert kept_snapshots(Manifests(ObjectsInMemory(), "shop")) == set()
