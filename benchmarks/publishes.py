"""Measure how a star changes between a hundred and a thousand daily publishes.

    python benchmarks/publishes.py [--publishes 1000] [--every 7]

A star of one fact by day and one dimension is published again and again, in one Spark session; each time one of thirty
days is corrected. After every ``--every`` publishes its tables are maintained, and snapshots that no release needs are
expired at once. Prints, by tenths of all publishes, their mean seconds, the seconds to plan and run a query of one day,
the files of the lake, and the bytes of the largest metadata file. Fails if one of these is more than 1.5 times as high
in the last tenth as in the second: the cost of a publish must not depend on the number of earlier ones.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from statistics import fmean
from time import perf_counter

from contest.session import session
from contest.star_run import MemoryObjects, NoViews
from increments import STAR, days_of, fact_sales, fill, sales, with_file

from estrela.etl.loaders.lake import LakeLoader
from estrela.etl.partition_filter import partition_filter
from estrela.etl.releases.claim import Claim
from estrela.etl.releases.manifests import Manifests
from estrela.etl.releases.switch import Switch
from estrela.etl.steps.maintain import Maintain
from estrela.etl.steps.publish import Publish
from estrela.etl.steps.star import BuildStar

DAYS = 30
MOST = 1.5
FEWEST = 300
"""With this minimum ten releases and all days exist before the second tenth begins."""
CODE = {table.name: "code" for table in STAR.tables}


@dataclass(frozen=True)
class Measured:
    """Cost of one publish, and size of the lake after it."""

    publish_seconds: float
    query_seconds: float
    files: float
    metadata_bytes: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--publishes", type=int, default=1000)
    parser.add_argument("--every", type=int, default=7)
    parser.add_argument("--heap", default="2g")
    options = parser.parse_args()
    if options.publishes < FEWEST:
        parser.error(
            f"--publishes {options.publishes}: the lake fills up for the first {FEWEST // 10}; give {FEWEST} or more"
        )
    with tempfile.TemporaryDirectory(prefix="publishes-", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "lake"
        lake = LakeLoader(session(home, options.heap, Path(folder) / "gc.log"), "bench", "warm up")
        fill(lake, 3000, DAYS, 0)
        objects = MemoryObjects()
        measured = [publish(lake, objects, home, number, options.every) for number in range(options.publishes)]
        lake.spark.stop()
    sys.exit(report(measured))


def publish(lake: LakeLoader, objects: MemoryObjects, home: Path, number: int, every: int) -> Measured:
    """Correct one day, build and publish; run the maintenance if it is due."""
    day = f"2024-01-{1 + number % DAYS:02}"
    rows = lake.spark.range(100).selectExpr(
        f"DATE'{day}' AS sold_on", "id AS ticket", "'7' AS shop", f"{number}L AS amount"
    )
    trusted = lake.tables.trusted(sales)
    lake.overwrite_published(trusted, with_file(rows), partition_filter(trusted, [(day,)]))
    own = LakeLoader(lake.spark, "bench", f"run {number}")
    switch = Switch(
        Manifests(objects, "bench"), NoViews(), Claim(objects, "bench", f"run {number}", set), "", sleep=lambda _: None
    )
    start = perf_counter()
    done = Publish(STAR, own, [BuildStar(STAR, own, CODE)], switch, CODE, lambda: {"sales": number}).run()
    seconds = perf_counter() - start
    if done["release"] != number + 1:
        sys.exit(f"publish {number} made release {done['release']}")
    if number % every == every - 1:
        Maintain(STAR, own, switch, age=timedelta(0)).run()
    return Measured(seconds, query(lake), *stored(home))


def query(lake: LakeLoader) -> float:
    """Return the seconds of a query of one day."""
    start = perf_counter()
    lake.spark.table(lake.tables.refined(fact_sales).identifier).where(days_of(lake, 1)).collect()
    return perf_counter() - start


def stored(home: Path) -> tuple[int, int]:
    """Return the number of files of the lake's tables, and the size of the largest metadata file in bytes."""
    files = [path for path in home.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return len(files), max(path.stat().st_size for path in files if path.name.endswith(".metadata.json"))


def report(measured: Sequence[Measured]) -> str:
    """Print the means of each tenth; return a message about growing means, or ""."""
    size = len(measured) // 10
    tenths = [measured[at * size : (at + 1) * size] for at in range(10)]
    grown = []
    for name in (field.name for field in fields(Measured)):
        means = [fmean(getattr(sample, name) for sample in tenth) for tenth in tenths]
        ratio = means[-1] / means[1]
        print(f"{name:16} {'  '.join(f'{mean:,.2f}' for mean in means)}  last / second: {ratio:.2f}")
        grown += [f"{name} is {ratio:.2f} times as high at the end"] if ratio > MOST else []
    return "; ".join(grown)


if __name__ == "__main__":
    main()
