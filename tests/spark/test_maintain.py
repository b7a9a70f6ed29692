"""Maintenance removes unreferenced data and keeps every release to which readers can be switched back."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from pyspark.sql import DataFrame, SparkSession
from raw_folder import put_ranking
from world import TABLES, World, fresh_world, lake_in, part_of

from estrela.etl.lake_table import LakeTable
from estrela.etl.loaders.lake import LakeLoader
from estrela.etl.maintenance.raw_maintenance import RawMaintenance
from estrela.etl.maintenance.table_maintenance import MANY_MANIFESTS, TableMaintenance
from estrela.etl.raw.layer import Arrival, RawLayer
from estrela.hooks.glue_runs import LONGEST_RUN
from estrela.model import Column

COMPLAINTS = "lake.banking_trusted.complaints"


@pytest.fixture
def world(spark: SparkSession, tmp_path: Path) -> World:
    """An empty lake of a star that builds faster."""
    return fresh_world(spark, tmp_path, part_of("fact_complaints"))


def snapshots_of(world: World, table: str) -> set[int]:
    return {row[0] for row in world.spark.sql(f"SELECT snapshot_id FROM {table}.snapshots").collect()}


def test_old_snapshots_go_and_releases_stay(world: World) -> None:
    for hours, total in enumerate((3, 5)):
        put_ranking(world.raw, "2020T1", hours=hours, A=total)
        world.run(f"day {hours}")
    before, contents = snapshots_of(world, COMPLAINTS), world.contents()
    # Iceberg compares in milliseconds, but the literal has whole seconds.
    time.sleep(1.1)

    orphan = world.raw.folder.parent / "lake" / "banking_trusted" / "complaints" / "orphan.parquet"
    orphan.parent.mkdir(parents=True)
    orphan.touch()
    os.utime(orphan, (0, 0))
    # An active run may be about to commit it.
    young = orphan.with_name("young.parquet")
    young.touch()
    os.utime(young, ((datetime.now(UTC) - LONGEST_RUN + timedelta(hours=1)).timestamp(),) * 2)
    counted = world.maintain("count", is_dry_run=True)
    assert counted["orphans_removed"] == 1 and orphan.exists()
    orphan.unlink()
    assert int(str(counted["snapshots_expired"])) > 0
    assert (snapshots_of(world, COMPLAINTS), world.contents()) == (before, contents)

    done = world.maintain("weekly")
    assert done["snapshots_expired"] == counted["snapshots_expired"]
    assert young.exists()
    [row] = world.table("maintenance").where("table_name = 'banking_trusted.complaints' AND NOT is_dry_run").collect()
    assert (row["snapshots_expired"], row["snapshots"], row["data_files"]) == (len(before) - 1, 1, 1)
    assert len(snapshots_of(world, COMPLAINTS)) == 1
    assert world.contents() == contents
    for number, total in ((1, 3), (2, 5)):
        pinned = world.manifests.read(number).snapshots["banking_refined.fact_complaints"]
        query = f"SELECT total FROM lake.banking_refined.fact_complaints VERSION AS OF {pinned}"
        assert world.spark.sql(query).collect() == [(total,)]
    assert world.run("later")["published"] == []
    assert world.contents() == contents


@pytest.fixture
def sold(spark: SparkSession, tmp_path: Path) -> tuple[LakeLoader, LakeTable]:
    """A table of three rows in a catalog whose files are in the folder ``lake``."""
    session = lake_in(spark, tmp_path)
    session.conf.set("spark.sql.catalog.lake.catalog-impl", "org.apache.iceberg.hadoop.HadoopCatalog")
    lake, table = LakeLoader(session, "shop", "any"), LakeTable("shop", "sold", "Sold", (Column("pieces", "int", "P"),))
    lake.ensure(table)
    lake.append_published(table, three_rows(session))
    return lake, table


def three_rows(spark: SparkSession) -> DataFrame:
    return spark.range(3).selectExpr("CAST(id AS int) AS pieces").coalesce(1)


def test_orphans_older_than_the_longest_run_go_and_younger_ones_stay(
    sold: tuple[LakeLoader, LakeTable], tmp_path: Path
) -> None:
    (lake, table), now = sold, datetime.now(UTC)
    orphans = {name: tmp_path / "lake" / "shop" / "sold" / "data" / name for name in ("old", "young")}
    for name, age in (("old", LONGEST_RUN + timedelta(hours=1)), ("young", LONGEST_RUN - timedelta(hours=1))):
        orphans[name].touch()
        os.utime(orphans[name], ((now - age).timestamp(),) * 2)

    done = TableMaintenance(lake, table, set(), now, now - LONGEST_RUN, False).run()
    assert done["orphans_removed"] == 1
    assert [name for name, path in orphans.items() if path.exists()] == ["young"]
    assert lake.read(table).count() == 3


def test_many_small_files_become_one_and_unused_tags_go(sold: tuple[LakeLoader, LakeTable]) -> None:
    (lake, table), now = sold, datetime.now(UTC)
    for release in (1, 99):
        lake.branches.tag(table, lake.snapshots.seen(table), f"release_{release}")
        three_rows(lake.spark).writeTo(table.identifier).append()
        lake.catalog.forget(table)
    for _ in range(4):
        three_rows(lake.spark).writeTo(table.identifier).append()
    kept = lake.snapshots.refs(table)["release_1"]

    done = TableMaintenance(lake, table, {kept}, now, now - LONGEST_RUN, False).run()
    assert (done["tags_dropped"], done["files_compacted"], done["data_files"]) == (1, 7, 1)
    assert lake.read_published(table).count() == 21
    assert {name for name in lake.snapshots.refs(table) if name.startswith("release_")} == {"release_1"}


def test_many_manifests_become_one_and_no_file_is_rewritten(spark: SparkSession, tmp_path: Path) -> None:
    session, now = lake_in(spark, tmp_path), datetime.now(UTC)
    session.conf.set("spark.sql.catalog.lake.catalog-impl", "org.apache.iceberg.hadoop.HadoopCatalog")
    lake = LakeLoader(session, "shop", "any")
    table = LakeTable("shop", "days", "Days", (Column("day", "int", "Day"),), ("day",))
    lake.ensure(table)
    for day in range(MANY_MANIFESTS):
        session.range(1).selectExpr(f"{day} AS day").writeTo(table.identifier).append()
    lake.catalog.forget(table)
    before = files_and_manifests(session, table)
    assert len(before[1]) == MANY_MANIFESTS

    done = TableMaintenance(lake, table, set(), now, now - LONGEST_RUN, False).run()
    files, manifests = files_and_manifests(session, table)
    assert (files, len(manifests), done["files_compacted"]) == (before[0], 1, 0)


def files_and_manifests(session: SparkSession, table: LakeTable) -> tuple[set[str], set[str]]:
    """The paths of a table's data files and manifests."""
    files, manifests = (session.sql(f"SELECT * FROM {table.identifier}.{kind}") for kind in ("files", "manifests"))
    return {row["file_path"] for row in files.collect()}, {row["path"] for row in manifests.collect()}


def test_raw_answers_go_by_the_days_of_their_source_unless_a_table_is_made_of_them(world: World) -> None:
    """A file that readers see stays, although a newer one superseded it long ago."""
    put_ranking(world.raw, "2020T1", A=3)
    world.run("one")
    [old] = world.raw.files("complaints")
    with mock_aws():
        raw = RawLayer(boto3.client("s3", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x"), "lake")
        raw.s3.create_bucket(Bucket="lake")
        for hours, body in enumerate((Path(old.key).read_bytes(), b"newer", b"newest")):
            at = old.fetched_at + timedelta(hours=hours)
            raw.write("complaints", [Arrival(old.request, 0, old.url, body, at)])
        sources = [replace(source, raw_days=30) for source in world.star.sources_of("complaints")]
        for is_dry_run in (True, False):
            maintenance = RawMaintenance(raw, "complaints", sources, set(), is_dry_run)
            assert world.maintain("weekly", is_dry_run=is_dry_run, raw=[maintenance])["answers_retired"] == 1
        assert [raw.read(file) for file in raw.files("complaints")] == [Path(old.key).read_bytes(), b"newest"]
    rows = world.table("maintenance").where("table_name = 'raw/complaints'").orderBy("is_dry_run", ascending=False)
    figures = rows.select("is_dry_run", "answers_retired", "orphans_removed", "bytes_removed", "data_files").collect()
    assert figures == [(True, 1, 0, 0, 3), (False, 1, 0, 0, 3)]


@pytest.mark.long
def test_what_facts_were_built_from_is_kept_for_their_next_build(world: World) -> None:
    put_ranking(world.raw, "2020T1", A=3)
    put_ranking(world.raw, "2020T2", A=5)
    world.run("one")
    # A run that was killed before its release: no tag keeps the members from which it built the fact.
    put_ranking(world.raw, "2020T2", hours=3, A=6, B=1)
    world.transform("dead")
    world.build("dead")
    lake = LakeLoader(world.spark, "banking", "dead")
    for table in (
        *map(TABLES.trusted, world.star.sources), *map(TABLES.refined, world.star.tables), TABLES.files
    ):  # fmt: skip
        if lake.snapshots.head(table) is not None:
            lake.branches.publish(table)
    # A compaction replaces the current snapshot, so that it can be expired.
    for path in ("banking_trusted.complaints", "banking_refined.dim_institution"):
        options = "options => map('rewrite-all', 'true')"
        world.spark.sql(f"CALL lake.system.rewrite_data_files(table => '{path}', {options})").collect()
    time.sleep(1.1)
    world.maintain("weekly")
    fact = "SELECT CAST(partition AS string), file_path FROM lake.banking_refined.fact_complaints.files"
    before = {tuple(row) for row in world.spark.sql(fact).collect()}

    put_ranking(world.raw, "2020T1", hours=9, A=7)
    world.run("two")
    after = {tuple(row) for row in world.spark.sql(fact).collect()}
    assert {part for part, _ in before ^ after} == {"{2020T1}"}
