"""The star of the banking data, built with Iceberg's own GlueCatalog and S3FileIO and with Hadoop's S3A.

A Glue version is the Spark, the Iceberg, the Hadoop and the Python packages of that version, on this project's Python.
Its rows must be those of Glue runs of localaws, which replace the catalog and S3 by localaws' own.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from client_environments import Environment, NoEnvironmentError, environment
from deployed_platform import DeployedPlatform, Rows, deployed_platform
from glue_star import STAR, GlueStar
from iceberg_jars import iceberg_jars

from bcb_mirror.quarters import Quarter
from bcb_mirror.serving import Serving, serving
from bcb_mirror.synthetic_world import SyntheticWorld
from estrela.model.plan import EXTRACT, MAINTAIN, Step, steps

pytestmark = pytest.mark.clients
VERSIONS = ("glue51", "glue60")
CLASSES = {
    "spark.sql.catalog.lake.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
    "spark.sql.catalog.lake.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
    "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
}
FIRST, LAST = Quarter(2021, 3), Quarter(2021, 4)
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( UTC|\+00:00)")
COUNTS_OF_FILES = {"banking.maintenance", "banking_ops.maintenance"}
"""Tables whose rows depend on how many files a version of Spark writes."""
PORT = re.compile(r"127\.0\.0\.1:\d+")

RunStep = Callable[[Step, str], None]
"""Runs one step of the DAG run of that name."""


@pytest.fixture(scope="module", params=VERSIONS)
def version(request: pytest.FixtureRequest) -> tuple[str, Environment]:
    """The name of a Glue version, and its environment."""
    name = str(request.param)
    try:
        iceberg_jars(name)
        return name, environment(name)
    except NoEnvironmentError as error:
        pytest.skip(f"NOT TESTED, NO ENVIRONMENT FOR {name}: {error}")


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """The tables and views that Glue runs of localaws build."""
    with deployed_platform(tmp_path_factory.mktemp("expected")) as platform, bank() as source:

        def run(step: Step, dag_run: str) -> None:
            assert platform.run(step.phase, step.entity, dag_run, source_host=source_host(source)) == "SUCCEEDED"

        return rows(platform, build("localaws", run, source))


def test_the_star_has_the_rows_of_glue_runs_of_localaws(
    version: tuple[str, Environment], expected: Rows, tmp_path: Path
) -> None:
    name, programs = version
    with deployed_platform(tmp_path / "home") as platform, bank() as source:
        star = GlueStar(name, programs, platform, tmp_path)
        assert CLASSES.items() <= star.settings().items()
        day = build(name, lambda step, run: star.run(step, run, source_host=source_host(source)), source)
        built = rows(platform, day)
    assert sorted(built) == sorted(expected)
    assert {table: lines for table, lines in built.items() if lines != expected[table]} == {}
    assert [table for table, lines in built.items() if re.search("fact_|mart_", table) and not lines[1:]] == []


@contextmanager
def bank() -> Iterator[Serving]:
    """A small central bank that has published its first quarter."""
    world = SyntheticWorld(seed=7, institutions=20, first=FIRST, last=LAST, others=6)
    with serving(world, until=FIRST, register=True) as source:
        yield source


def source_host(source: Serving) -> str:
    return f"{source.url}#small"


def build(name: str, run: RunStep, source: Serving) -> str:
    """Run the star on two days, then maintain it; return the date of the requests.

    Before the second day a quarter is published, and the first one is corrected.
    """
    today = str(datetime.now(UTC).date())
    for step in steps(STAR):
        timed(name, run, step, "first")
    source.mirror.publication.publish_next()
    source.mirror.publication.correct(FIRST)
    for step in steps(STAR):
        if step.phase != EXTRACT or step.entity == "complaints":
            timed(name, run, step, "second")
    timed(name, run, Step(STAR, MAINTAIN), "second")
    return today


def timed(name: str, run: RunStep, step: Step, day: str) -> None:
    """Run a step, and print its time, which pytest shows with ``-s``."""
    started = time.monotonic()
    run(step, day)
    print(f"{name}, {day} day, {step.name}: {time.monotonic() - started:.0f} s", flush=True)


def rows(platform: DeployedPlatform, today: str) -> Rows:
    """Return the rows of every table and view as Athena reads them, with words for what differs between equal runs.

    That is the date and the moments of requests and publications, and the port of the bank.
    """
    tables = platform.tables() | {f"{STAR}.{view}": lines for view, lines in platform.shown().items()}

    def comparable(line: str) -> str:
        return PORT.sub("BANK", MOMENT.sub("MOMENT", line).replace(f'"{today}"', "TODAY"))

    compared = tables.keys() - COUNTS_OF_FILES
    return {table: sorted(map(comparable, tables[table])) for table in compared}
