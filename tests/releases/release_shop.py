"""Releases of two tables and a mart on a local AWS, written by Athena without Spark."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyiceberg.catalog import load_catalog
from pyiceberg.schema import Schema
from pyiceberg.types import IntegerType, LongType, NestedField, StringType, TimestamptzType

from estrela.etl.lake_table import LakeTable
from estrela.etl.releases import statements
from estrela.etl.releases.claim import Claim
from estrela.etl.releases.manifests import Manifests
from estrela.etl.releases.release import Release, View
from estrela.etl.releases.switch import Switch
from estrela.etl.releases.views import AthenaViews, Views
from estrela.etl.star_tables import StarTables
from estrela.hooks.athena import AthenaQueries
from estrela.hooks.json_objects import JsonObjects, S3JsonObjects
from estrela.model.column import Column
from localaws.running import Running

MARGIN = 1.0
TYPES = {"int": IntegerType(), "bigint": LongType(), "string": StringType(), "timestamp": TimestamptzType()}
BUCKET = "lake"
VALUE = (Column("value", "int", "Number of the release that wrote it"),)


class Killed(BaseException):
    """Simulates kill -9: no code of the run is executed after it."""


@dataclass
class Lifetime:
    """Counts the external effects of a run, and ends the run before or after a given one."""

    actions_left: int = 1_000_000
    is_dead: bool = False

    def spend(self) -> None:
        if self.is_dead or self.actions_left == 0:
            self.is_dead = True
            raise Killed
        self.actions_left -= 1


@dataclass
class MortalObjects:
    objects: JsonObjects
    life: Lifetime

    def read(self, key: str) -> tuple[dict[str, Any], str]:
        if self.life.is_dead:
            raise Killed
        return self.objects.read(key)

    def write(self, key: str, value: Mapping[str, Any], version: str) -> str:
        self.life.spend()
        return self.objects.write(key, value, version)


@dataclass
class MortalViews:
    views: Views
    life: Lifetime

    def run(self, statements: Sequence[str]) -> None:
        for statement in statements:
            self.life.spend()
            self.views.run([statement])


@dataclass
class Shop:
    """A separate star: tables ``sales`` and ``goods``, and a mart that joins them."""

    aws: Running
    star: str
    snapshots: list[tuple[int, int]] = field(default_factory=list)

    @property
    def queries(self) -> AthenaQueries:
        return AthenaQueries(self.aws.client("athena"), output=f"s3://{BUCKET}/athena/", sleep=_short_sleep)

    def switch(self, run: str = "run", life: Lifetime | None = None) -> Switch:
        life = life or Lifetime()
        objects = MortalObjects(S3JsonObjects(self.aws.client("s3"), BUCKET), life)
        views = MortalViews(AthenaViews(self.queries), life)
        manifests = Manifests(objects, self.star)
        claim = Claim(objects, self.star, run, set)
        return Switch(manifests, views, claim, f"s3://{BUCKET}/{manifests.pointer_prefix}", MARGIN)

    def release(self, *, extra: tuple[View, ...] = ()) -> Release:
        """Write the next number into both tables, and store the release that publishes it."""
        pointer, _ = self.switch().manifests.pointer()
        number = len(self.snapshots) + 1
        if number == 1:
            self._create(StarTables(self.star).runs)
        snapshots = tuple(self._write(name, number) for name in ("sales", "goods"))
        self.snapshots.append((snapshots[0], snapshots[1]))
        tables = [self.table(name) for name in ("sales", "goods")]
        pins = list(zip(tables, snapshots, strict=True))
        views = tuple(
            View(table.name, statements.pinned_sql(table, pin, ["value"]), table.columns) for table, pin in pins
        )
        sales, goods = (statements.pinned(table, pin) for table, pin in pins)
        mart = View("mart", f"SELECT max(s.value) AS value FROM {sales} s JOIN {goods} g ON g.value = s.value", VALUE)
        shown = {table.path: pin for table, pin in pins}
        current = pointer.release_id if pointer else 0
        release = Release(number, self.star, "run", "2024-01-01", current, shown, (*views, mart, *extra))
        return self.switch().manifests.create(release)

    def publish(self, release: Release, life: Lifetime | None = None) -> None:
        switch = self.switch(life=life)
        with switch.claim.held():
            switch.publish(release)
            switch.settle()

    def roll_back(self, number: int = 0, life: Lifetime | None = None) -> int:
        current = self.switch().manifests.current()
        switch = self.switch(f"back from {current.number if current else 0}", life)
        with switch.claim.held():
            return switch.roll_back(number).number

    def table(self, name: str) -> LakeTable:
        return LakeTable(f"{self.star}_refined", name, name, VALUE)

    def seen(self) -> tuple[str, ...]:
        """Return the release that each view shows, and the one that ``release`` names, all from one query."""
        [row] = self.rows(
            f"SELECT (SELECT release_id FROM {self.star}.release), (SELECT max(value) FROM {self.star}.sales), "
            f"(SELECT max(value) FROM {self.star}.goods), (SELECT max(value) FROM {self.star}.mart), "
            f"(SELECT count(*) FROM {self.star}.sales s JOIN {self.star}.goods g ON s.value = g.value)"
        )
        return row

    def rows(self, sql: str) -> list[tuple[str, ...]]:
        query = self.queries.run(sql)["QueryExecutionId"]
        if not sql.startswith("SELECT"):
            return []
        rows = self.aws.client("athena").get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"][1:]
        return [tuple(cell.get("VarCharValue", "") for cell in row["Data"]) for row in rows]

    def glue_tables(self) -> list[dict[str, Any]]:
        """Return the views of the star from the Glue catalog."""
        tables: list[dict[str, Any]] = self.aws.client("glue").get_tables(DatabaseName=self.star)["TableList"]
        return tables

    def view_sql(self, name: str) -> str:
        """Return the query of a view."""
        [view] = [table for table in self.glue_tables() if table["Name"] == name]
        encoded = view["ViewOriginalText"].removeprefix("/* Presto View: ").removesuffix(" */")
        return str(json.loads(base64.b64decode(encoded))["originalSql"])

    def _write(self, name: str, number: int) -> int:
        table = self.table(name)
        if number == 1:
            self._create(table)
        self.rows(f"INSERT INTO {table.path} VALUES ({number})")
        newest = f'SELECT snapshot_id FROM {table.database}."{name}$snapshots" ORDER BY committed_at DESC LIMIT 1'
        return int(self.rows(newest)[0][0])

    def expire(self, number: int) -> None:
        """Expire the snapshots of a release, as maintenance does once it is an old one."""
        catalog = load_catalog("rest", type="rest", uri=f"{self.aws.endpoint}/iceberg")
        for name, snapshot in zip(("sales", "goods"), self.snapshots[number - 1], strict=True):
            table = catalog.load_table((self.table(name).database, name))
            table.maintenance.expire_snapshots().by_id(snapshot).commit()

    def _create(self, table: LakeTable) -> None:
        """Create a table through the catalog, with the column types that Spark would use."""
        self.rows(f"CREATE DATABASE IF NOT EXISTS {table.database}")
        catalog = load_catalog("rest", type="rest", uri=f"{self.aws.endpoint}/iceberg")
        fields = [
            NestedField(at, column.name, TYPES[column.type], required=False)
            for at, column in enumerate(table.columns, start=1)
        ]
        location = f"s3://{BUCKET}/warehouse/{self.star}/{table.name}"
        catalog.create_table((table.database, table.name), Schema(*fields), location)


def _short_sleep(seconds: float) -> None:
    time.sleep(min(seconds, 0.02))
