"""Runs that are killed or overtaken: the next run completes or removes their work, and no row is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from raw_folder import put_ranking
from world import RunStatements, World, fresh_world, part_of, releases, totals

from estrela.etl.loaders.lake import LakeLoader
from estrela.etl.releases.news import has_news


@pytest.fixture
def world(spark: SparkSession, tmp_path: Path) -> World:
    """An empty lake of a star that builds faster."""
    return fresh_world(spark, tmp_path, part_of("fact_complaints"))


@pytest.mark.long
def test_a_run_killed_between_two_publishes_is_taken_up_by_the_next(world: World) -> None:
    put_ranking(world.raw, "2020T1", A=3)
    world.transform("killed")
    world.build("killed")
    lake = LakeLoader(world.spark, "banking", "killed")
    lake.branches.publish(lake.tables.trusted(world.star.sources_of("complaints")[0]))
    lake.branches.publish(lake.tables.refined(world.star.dimensions[0]))

    world.run("next")
    assert totals(world) == {("2020T1", "A"): 3}
    assert world.branches() == set()


@dataclass
class DyingViews(RunStatements):
    """Records the statements of a run that dies when it sends its ``last`` batch."""

    last: int = 1

    def run(self, statements: Sequence[str]) -> None:
        super().run(statements)
        self.last -= 1
        if self.last == 0:
            raise KeyboardInterrupt


@pytest.mark.long
def test_a_publish_that_dies_before_or_after_the_switch_loses_no_row_and_shows_no_half(world: World) -> None:
    put_ranking(world.raw, "2020T1", A=3)
    world.run("one")
    last = world.manifests.read(1).snapshots
    # The row of the release is written, its views contain both releases, and the pointer still names the old one.
    put_ranking(world.raw, "2020T2", A=5)
    world.views = DyingViews(last=1)
    with pytest.raises(KeyboardInterrupt):
        world.run("two")
    pointer, _ = world.manifests.pointer()
    assert pointer and (pointer.release_id, releases(world)) == (1, {1: "one", 2: "two"})
    assert world.manifests.read(1).snapshots == last

    # The next run settles the views on release 1 and switches to release 3; it dies before it settles its views.
    world.views = DyingViews(last=3)
    with pytest.raises(KeyboardInterrupt):
        world.run("three")
    pointer, _ = world.manifests.pointer()
    assert pointer and (pointer.release_id, releases(world)) == (3, {1: "one", 3: "three"})
    assert has_news(world.manifests, world.raw_versions())

    world.views = RunStatements()
    assert world.run("four")["published"] == []
    settled = [statement for statement in world.views.ran if "banking.fact_complaints AS" in statement]
    assert len(settled) == 1 and "UNION" not in settled[0]
    assert totals(world) == {("2020T1", "A"): 3, ("2020T2", "A"): 5}
    assert releases(world) == {1: "one", 3: "three"}
    assert world.manifests.watermark()["release"] == 3


@pytest.mark.long
def test_a_run_that_another_overtook_builds_anew_and_loses_nothing(world: World) -> None:
    put_ranking(world.raw, "2020T1", A=3)
    world.transform("slow")
    world.build("slow")
    put_ranking(world.raw, "2020T2", A=5)
    world.run("fast")
    put_ranking(world.raw, "2020T3", A=6)

    world.publish("slow")
    assert totals(world) == {("2020T1", "A"): 3, ("2020T2", "A"): 5, ("2020T3", "A"): 6}
    assert world.branches() == set()
