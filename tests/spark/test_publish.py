"""Write, audit, publish: analysts see a change as a whole, once, whatever happened before."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from examples import few_and_many
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from raw_folder import START, put_fee, put_ranking, ranking
from world import TABLES, World, copy_of, fresh_world, part_of, releases, totals

from estrela.errors import HeldBackError, LoadError, QualityError, SettingsError
from estrela.etl.lake_table import LakeTable
from estrela.etl.loaders.lake import LakeLoader
from estrela.etl.releases.news import has_news
from estrela.etl.run_key import branch_of
from estrela.frame import frame_of
from estrela.model import Column
from estrela.stars.banking.fact_complaints import fact_complaints
from estrela.stars.banking.ranking import complaints

STEPS = {
    "2020T1": {"A": 3, "B": 4},
    "2020T2": {"A": 5, "C": 1},
    "2020T3": {"B": 2},
}


@pytest.fixture(scope="module")
def published(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The quarters of STEPS, published by one run; tests read it, or continue with a copy."""
    world = fresh_world(spark, tmp_path_factory.mktemp("order"), part_of("fact_complaints"))
    for quarter, rows in STEPS.items():
        put_ranking(world.raw, quarter, **rows)
    world.run("all")
    return world


@pytest.fixture(scope="module")
def in_order(published: World) -> dict[str, list[tuple[object, ...]]]:
    return published.contents()


@pytest.fixture
def world(spark: SparkSession, tmp_path: Path) -> World:
    """An empty lake of a star that builds faster."""
    return fresh_world(spark, tmp_path, part_of("fact_complaints"))


@pytest.fixture
def released(published: World, tmp_path: Path) -> World:
    """A copy of a published star, which tests may change."""
    return copy_of(published, tmp_path)


def test_steps_of_one_run_share_a_branch_and_another_run_does_not() -> None:
    assert branch_of("star_banking/manual__2026/star") == branch_of("star_banking/manual__2026/publish")
    assert branch_of("star_banking/manual__2026/star") != branch_of("star_banking/manual__2027/star")
    assert branch_of("alone") != branch_of("other")


def test_nothing_is_seen_before_publish_and_a_second_run_changes_nothing(world: World) -> None:
    put_ranking(world.raw, "2020T1", A=3, B=4)
    world.transform("one")
    world.build("one")
    assert world.table("complaints").count() == world.table("fact_complaints").count() == 0

    world.publish("one")
    assert totals(world) == {("2020T1", "A"): 3, ("2020T1", "B"): 4}
    assert world.branches() == set()
    seen, before = world.snapshots(), len(world.raw.reads)
    assert world.run("two")["published"] == []
    assert (world.snapshots(), world.branches(), len(world.raw.reads)) == (seen, set(), before)
    pointer, _ = world.manifests.pointer()
    assert pointer and (pointer.release_id, pointer.latest_id) == (1, 1)


def test_a_corrected_file_replaces_its_quarter_and_no_other_file_is_read(released: World) -> None:
    others = {key: total for key, total in totals(released).items() if key[0] != "2020T1"}
    put_ranking(released.raw, "2020T1", A=7, hours=9)
    released.run("two")
    assert totals(released) == {("2020T1", "A"): 7, **others}
    assert len(set(released.raw.reads)) == 1
    assert released.table("files").count() == len(STEPS)


def test_a_quarter_that_is_no_longer_published_is_gone(released: World) -> None:
    released.raw.withdraw("complaints", {"year": "2020", "quarter": "1"}, at=START + timedelta(days=1))
    released.run("two")
    assert {quarter for quarter, _ in totals(released)} == {*STEPS} - {"2020T1"}
    files = released.table("files").where("source = 'complaints'").collect()
    assert {row["request"] for row in files} == {"quarter=2,year=2020", "quarter=3,year=2020"}


def test_a_full_refresh_reads_every_file_and_computes_every_table_again(released: World) -> None:
    world, seen = released, totals(released)
    # Damage that leaves raw versions, digests and snapshots unchanged.
    lake, fact = LakeLoader(world.spark, "banking", "damage"), TABLES.refined(fact_complaints)
    half = lake.read(fact).where("quarter_code = '2020T2'")
    lake.overwrite(fact, half, inputs=lake.notes.inputs(fact))
    lake.branches.publish(fact)
    assert world.build("two")["built"] == []

    assert world.build("three", full_refresh=True)["built"] == ["fact_complaints"]
    world.transform("three", "complaints", full_refresh=True)
    assert len(set(world.raw.reads)) == len(STEPS)
    world.publish("three")
    assert totals(world) == seen


def test_a_number_that_moves_to_another_column_is_a_change(world: World) -> None:
    table = LakeTable(
        "banking_ops", "pairs", "Pairs", (Column("left", "bigint", "Left"), Column("right", "bigint", "Right"))
    )
    lake = LakeLoader(world.spark, "banking", "one")
    lake.ensure(table)
    lake.append_published(table, frame_of(world.spark, [{"right": 5}], table.schema))
    lake.overwrite(table, frame_of(world.spark, [{"left": 5}], table.schema))

    assert not lake.is_unchanged(table)


def test_a_table_that_another_run_published_meanwhile_is_stale(world: World) -> None:
    table = LakeTable("shop", "sold", "Sold", (Column("pieces", "int", "Pieces"),))
    runs = [LakeLoader(world.spark, "banking", name) for name in ("one", "two", "three")]
    for at, lake in enumerate(runs):
        lake.ensure(table)
        lake.overwrite(table, frame_of(world.spark, [{"pieces": at}], table.schema))
        if at == 0:
            lake.branches.publish(table)
    assert [lake.branches.is_stale(table) for lake in runs[1:]] == [False, False]
    runs[1].branches.publish(table)
    assert runs[2].branches.is_stale(table)
    with pytest.raises(LoadError) as late:
        runs[2].branches.publish(table)
    assert str(late.value) == "shop.sold: another run published it at the same time; run this one again"
    assert late.value.retriable
    assert world.spark.table(table.identifier).first() == (1,)


def test_a_failing_check_publishes_nothing_and_names_the_rows(released: World) -> None:
    seen, rows = released.snapshots(), released.contents("fact_complaints", "complaints", "dim_institution")

    wrong = ranking("2020T4", A=5).replace(b";5;0;0;5;", b";5;0;0;6;")
    released.raw.put("complaints", {"year": "2020", "quarter": "4"}, wrong)
    with pytest.raises(QualityError) as failed:
        released.run("two")

    assert "total = upheld + other + unregulated" in str(failed.value)
    assert "fails on 1 rows, for example" in str(failed.value) and "source_line=2" in str(failed.value)
    unchanged = released.contents("fact_complaints", "complaints", "dim_institution")
    assert (released.snapshots(), unchanged) == (seen, rows)


def test_a_refused_file_holds_back_its_source_until_it_is_set_aside(spark: SparkSession, tmp_path: Path) -> None:
    world = fresh_world(spark, tmp_path, part_of("fact_complaints", "fact_fees"))
    put_ranking(world.raw, "2020T1", A=3)
    world.run("one")
    bad = world.raw.put("complaints", {"year": "2020", "quarter": "1"}, b"", at=START + timedelta(hours=1))
    put_fee(world.raw, "00000001", 5)

    for run in ("two", "again"):
        with pytest.raises(HeldBackError) as held:
            world.publish(run)
        assert held.value.sources.keys() == {"complaints"}
        assert (
            "banking: the new data of complaints was refused and the old data is kept; everything else is published as "
            "release 2. Wait for a corrected file"
        ) in str(held.value)
        assert "the file is empty: it has no header line" in str(held.value)
        assert totals(world) == {("2020T1", "A"): 3}
        assert world.table("fact_fees").count() == 1
        assert {row["source"] for row in world.table("rejects").collect()} == {"complaints"}
        accounts = world.table("files").where("source = 'complaints'").orderBy("state")
        assert accounts.select("state", "rows_loaded").collect() == [("held back", 0), ("loaded", 1)]
        assert has_news(world.manifests, world.raw_versions())
    assert world.manifests.read(2).held_back.keys() == {"complaints"}

    assert world.decide(bad.sha256, is_set_aside=True) == {
        "source": "complaints", "source_file": bad.sha256, "set_aside": True, "changed": True
    }  # fmt: skip
    assert world.publish("three")["published"] == ["banking_ops.completeness", "banking_ops.files"]
    assert world.manifests.watermark()["raw"] == world.raw_versions()
    assert world.decide(bad.sha256, is_set_aside=True)["changed"] is False
    assert world.decide(bad.sha256, is_set_aside=False)["changed"] is True
    with pytest.raises(HeldBackError):
        world.publish("four")
    with pytest.raises(SettingsError, match="--file: star banking has no file 0000; give the source_file of"):
        world.decide("0000", is_set_aside=True)
    assert [decision.is_set_aside for decision in world.quarantine.decisions()] == [True, False]


def test_the_branch_of_a_dead_run_goes_and_that_of_an_active_one_stays(released: World) -> None:
    put_ranking(released.raw, "2020T1", A=7, hours=9)
    released.transform("dead", "complaints")
    released.transform("active", "complaints")
    released.transform("one")
    released.build("one")

    released.publish("one", lambda: {branch_of("active")})
    assert released.branches() == {branch_of("active")}


def test_a_source_that_is_partitioned_anew_reads_everything_again_and_ends_equal(world: World) -> None:
    put_ranking(world.raw, "2020T1", A=3)
    put_ranking(world.raw, "2021T1", A=5)
    world.transform("one", "complaints")
    lake = LakeLoader(world.spark, "banking", "one")
    for table in (TABLES.trusted(complaints), TABLES.files):
        lake.branches.publish(table)
    before = world.contents("complaints")
    world.raw.reads.clear()

    anew = replace(complaints, partition_by=("year",))
    world.star = replace(world.star, sources=(anew,))
    assert world.transform("two", "complaints")["complaints"]["files"] == 2 == len(set(world.raw.reads))
    lake = LakeLoader(world.spark, "banking", "two")
    lake.branches.publish(TABLES.trusted(anew))
    lake.branches.publish(TABLES.files)
    assert world.contents("complaints") == before
    partitions = world.spark.sql(
        "SELECT DISTINCT partition.year, partition.quarter FROM lake.banking_trusted.complaints.files"
    )
    assert sorted(tuple(row) for row in partitions.collect()) == [(2020, None), (2021, None)]
    assert world.transform("three", "complaints")["complaints"] == {"source": "complaints", "files": 0}


def test_a_lost_pointer_is_restored_and_the_rows_of_runs_stay(released: World) -> None:
    (released.raw.folder.parent / "objects" / released.manifests.pointer_prefix / "release.json").unlink()
    released.publish("two")
    pointer, _ = released.manifests.pointer()
    assert pointer and (pointer.release_id, releases(released)) == (2, {1: "all", 2: "two"})


def codecs_of(world: World, table: LakeTable) -> list[str]:
    """Return the compression of the first column of every data file."""
    iceberg = world.spark._jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(
        world.spark._jsparkSession, table.identifier
    )
    paths = [row[0] for row in world.spark.sql(f"SELECT file_path FROM {table.identifier}.files").collect()]
    contents = [bytes(iceberg.io().newInputFile(path).newStream().readAllBytes()) for path in paths]
    footers = [pq.ParquetFile(io.BytesIO(content)).metadata for content in contents]
    return [footer.row_group(0).column(0).compression for footer in footers]


@few_and_many(1, 8)
def test_any_order_and_repetition_of_quarters_gives_the_same_tables(
    spark: SparkSession, tmp_path_factory: pytest.TempPathFactory, in_order: dict[str, object], examples: int
) -> None:
    @settings(max_examples=examples, deadline=None, phases=list(Phase) if examples > 1 else [Phase.explicit])
    @given(order=st.lists(st.sampled_from(sorted(STEPS)), min_size=3, max_size=5))
    @example(order=["2020T3", "2020T3", "2020T1", "2020T2"])
    def check(order: list[str]) -> None:
        world = fresh_world(spark, tmp_path_factory.mktemp("any"), part_of("fact_complaints"))
        assert after_arrivals(world, order) == in_order

    check()


def after_arrivals(world: World, order: list[str]) -> dict[str, list[tuple[object, ...]]]:
    """Return the tables after two runs: quarters arrive in ``order`` first, then the missing ones."""
    arrivals = [*order, *[quarter for quarter in STEPS if quarter not in order]]
    for at, batch in enumerate((arrivals[:2], arrivals[2:])):
        for quarter in batch:
            put_ranking(world.raw, quarter, **STEPS[quarter])
        world.run(f"run {at}")
    return world.contents()


def test_every_trusted_row_knows_its_file_and_line(published: World) -> None:
    rows = published.table("complaints").select("quarter", "institution_name", "source_line", "source_file").collect()

    lines = {(row["quarter"], row["institution_name"].partition(" ")[0]): row["source_line"] for row in rows}
    assert lines == {(1, "A"): 2, (1, "B"): 3, (2, "A"): 2, (2, "C"): 3, (3, "B"): 2}
    files = {(row["request"], row["source_file"]) for row in published.table("files").collect()}
    assert {(f"quarter={row['quarter']},year=2020", row["source_file"]) for row in rows} == files


def test_docs_of_columns_are_in_the_catalog(published: World) -> None:
    described = published.spark.sql("DESCRIBE lake.banking_refined.dim_quarter").collect()

    assert {row["col_name"]: row["comment"] for row in described}["quarter_code"] == "Year and quarter, such as 2021T4"


def test_files_are_few_and_compressed(published: World) -> None:
    assert codecs_of(published, TABLES.trusted(complaints)) == ["ZSTD"] * len(STEPS)
