"""A run of the banking star in tests: raw files in a folder, a separate lake, steps called as Glue calls them."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlglot
from pyspark.sql import DataFrame, SparkSession
from raw_folder import FolderRaw

from estrela.etl.accounts.quarantine import Quarantine
from estrela.etl.base import Figures
from estrela.etl.loaders.lake import LakeLoader
from estrela.etl.maintenance.raw_maintenance import RawMaintenance
from estrela.etl.releases.claim import Claim
from estrela.etl.releases.manifests import Manifests
from estrela.etl.releases.news import raw_versions
from estrela.etl.releases.switch import Switch
from estrela.etl.run_key import is_run_branch
from estrela.etl.star_tables import StarTables
from estrela.etl.steps.maintain import Maintain
from estrela.etl.steps.publish import Publish
from estrela.etl.steps.quarantine import DecideOnFile
from estrela.etl.steps.star import BuildStar
from estrela.etl.steps.transform import TransformSource
from estrela.etl.steps.transform_all import TransformAll
from estrela.model.star import Star, load

TABLES = StarTables("banking")
CODE = {table.name: "code" for table in (*load("banking").tables, *load("banking").marts)}
OPS_TABLES = ("files", "rejects", "checks", "completeness", "runs", "maintenance")


@dataclass
class FolderObjects:
    """JSON objects in a folder. Their version is the digest of their text."""

    folder: Path

    def read(self, key: str) -> tuple[dict[str, Any], str]:
        path = self.folder / key
        return (json.loads(path.read_text()), _digest(path)) if path.exists() else ({}, "")

    def write(self, key: str, value: Mapping[str, Any], version: str) -> str:
        path = self.folder / key
        if version != (_digest(path) if path.exists() else ""):
            return ""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(dict(value)))
        return _digest(path)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass
class RunStatements:
    """Records Athena statements instead of running them."""

    ran: list[str] = field(default_factory=list)

    def run(self, statements: Sequence[str]) -> None:
        self.ran += statements


@dataclass
class World:
    spark: SparkSession
    raw: FolderRaw
    star: Star = field(default_factory=lambda: load("banking"))
    views: RunStatements = field(default_factory=RunStatements)

    def transform(self, run: str, *names: str, full_refresh: bool = False) -> dict[str, Figures]:
        lake = LakeLoader(self.spark, "banking", run)
        aside = self.quarantine.set_aside()
        sources = [source for source in self.star.sources if not names or source.name in names]
        return {source.name: TransformSource(source, self.raw, lake, full_refresh, aside).run() for source in sources}

    def build(self, run: str, *, full_refresh: bool = False) -> Figures:
        return BuildStar(self.star, LakeLoader(self.spark, "banking", run), CODE, full_refresh).run()

    def publish(self, run: str, active: Callable[[], set[str]] = set) -> Figures:
        lake = LakeLoader(self.spark, "banking", run)
        aside = self.quarantine.set_aside()
        sources = [TransformSource(source, self.raw, lake, set_aside=aside) for source in self.star.sources]
        transformers = (TransformAll("banking", sources), BuildStar(self.star, lake, CODE))
        return Publish(self.star, lake, transformers, self.switch(run, active), CODE, self.raw_versions).run()

    def maintain(self, run: str, *, is_dry_run: bool = False, raw: Sequence[RawMaintenance] = ()) -> Figures:
        lake = LakeLoader(self.spark, "banking", run)
        # The catalog of the tests keeps its files in memory, so listings contain only files that a test writes here.
        for database in ("trusted", "refined", "ops"):
            for row in self.spark.sql(f"SHOW TABLES IN lake.banking_{database}").collect():
                (self.raw.folder.parent / "lake" / f"banking_{database}" / row["tableName"]).mkdir(
                    parents=True, exist_ok=True
                )
        return Maintain(self.star, lake, self.switch(run), raw, is_dry_run, timedelta(0)).run()

    def switch(self, run: str, active: Callable[[], set[str]] = set) -> Switch:
        claim = Claim(self.manifests.objects, "banking", run, active, sleep=lambda _: None)
        return Switch(self.manifests, self.views, claim, "s3://lake/current/", sleep=lambda _: None)

    @property
    def manifests(self) -> Manifests:
        return Manifests(FolderObjects(self.raw.folder.parent / "objects"), "banking")

    def raw_versions(self) -> dict[str, int]:
        return raw_versions(self.raw, self.star.raw_names, self.quarantine)

    @property
    def quarantine(self) -> Quarantine:
        return Quarantine(self.manifests.objects, "banking")

    def decide(self, file: str, *, is_set_aside: bool) -> Figures:
        return DecideOnFile(self.star, self.raw, self.quarantine, file, "checked", "by/hand", is_set_aside).run()

    def run(self, run: str) -> Figures:
        self.transform(run)
        self.build(run)
        return self.publish(run)

    def table(self, name: str) -> DataFrame:
        is_ops, is_refined = (
            name in OPS_TABLES,
            name.startswith(("dim_", "fact_")),
        )
        layer = "ops" if is_ops else "refined" if is_refined else "trusted"
        return self.spark.table(f"lake.banking_{layer}.{name}")

    def mart(self, name: str) -> DataFrame:
        """Return the rows of a mart: its Athena SQL, translated to Spark, on the newest tables."""
        declared = next(mart for mart in self.star.marts if mart.name == name)
        places = {table.name: f"lake.banking_refined.{table.name}" for table in declared.uses}
        return self.spark.sql(sqlglot.transpile(declared.query(places), read="athena", write="spark")[0])

    def branches(self) -> set[str]:
        lake = LakeLoader(self.spark, "banking", "any")
        tables = [TABLES.refined(table) for table in self.star.tables]
        tables += [TABLES.trusted(source) for source in self.star.sources]
        tables += [TABLES.files, TABLES.rejects, TABLES.checks]
        refs = {ref for table in tables if lake.catalog.has(table) for ref in lake.snapshots.refs(table)}
        return {ref for ref in refs if is_run_branch(ref)}

    def contents(self, *names: str) -> dict[str, list[tuple[object, ...]]]:
        """Return the sorted rows of tables, without the column ``fetched_at``."""
        contents = {}
        for name in names or [table.name for table in self.star.tables]:
            frame = self.table(name).drop("fetched_at")
            contents[name] = sorted((tuple(row) for row in frame.collect()), key=str)
        return contents

    def snapshots(self) -> dict[str, int]:
        snapshots = LakeLoader(self.spark, "banking", "any").snapshots
        return {table.name: snapshots.refs(TABLES.refined(table)).get("main", 0) for table in self.star.tables}


def totals(world: World) -> dict[tuple[str, str], int]:
    rows = world.table("fact_complaints").join(world.table("dim_institution"), "institution_key")
    return {(row["quarter_code"], row["institution_code"][2:]): row["total"] for row in rows.collect()}


def releases(world: World) -> dict[int, str]:
    return {row["release_id"]: row["run_key"] for row in world.table("runs").collect()}


def fresh_world(spark: SparkSession, folder: Path, star: Star | None = None) -> World:
    """Return a world with an empty lake."""
    return World(lake_in(spark, folder), FolderRaw(folder / "raw"), star or load("banking"))


def lake_in(spark: SparkSession, folder: Path) -> SparkSession:
    """Return a session with a new, empty lake, in the same JVM."""
    session = spark.newSession()
    session.conf.set("spark.sql.catalog.lake.warehouse", (folder / "lake").as_uri())
    return session


def copy_of(world: World, folder: Path) -> World:
    """Return a copy of a world; see :func:`copied_lake`."""
    copied = World(copied_lake(world.spark, folder), FolderRaw(folder / "raw"), world.star)
    copied.raw.versions = world.raw.versions
    copied.raw.log = {source: list(files) for source, files in world.raw.log.items()}
    shutil.copytree(world.raw.folder.parent / "objects", folder / "objects")
    return copied


def copied_lake(spark: SparkSession, folder: Path) -> SparkSession:
    """Return a session with a copy of a session's lake.

    Both lakes share the existing data files, so neither may expire snapshots.
    """
    session = lake_in(spark, folder)
    iceberg = spark._jvm.org.apache.iceberg.spark.Spark3Util
    old, new = (iceberg.loadIcebergCatalog(owner._jsparkSession, "lake") for owner in (spark, session))
    for namespace in old.listNamespaces():
        new.createNamespace(namespace)
        for table in old.listTables(namespace):
            new.registerTable(table, old.loadTable(table).operations().current().metadataFileLocation())
    return session


def part_of(*facts: str) -> Star:
    """Return the part of the banking star that these facts need: fewer tables, for tests that apply to any table."""
    star = load("banking")
    kept_facts = tuple(fact for fact in star.facts if fact.name in facts)
    looked_up = {lookup.dimension.name for fact in kept_facts for lookup in fact.lookups}
    dimensions = tuple(dimension for dimension in star.dimensions if dimension.name in looked_up)
    read = {source.name for table in (*dimensions, *kept_facts) for source in table.sources}
    kept = {table.name for table in (*dimensions, *kept_facts)}
    return replace(
        star,
        sources=tuple(source for source in star.sources if source.name in read),
        dimensions=dimensions,
        facts=kept_facts,
        marts=tuple(mart for mart in star.marts if {table.name for table in mart.uses} <= kept),
    )
