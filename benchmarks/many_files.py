"""Many small files compared with the same rows in few files.

    python benchmarks/many_files.py [--files 100000] [--rows 20] [--few 10] [--heap 1g]

The transform reads ``--files`` CSV files of ``--rows`` rows each in a hundred daily partitions, then one corrected
file; and, in a separate process, the same rows in ``--few`` files. Both run in Spark with two cores and a heap of 1 GB
for the driver and its tasks. Fails if many files take more than three times as long as few, if the driver's Python
needs more than 1 GB, or if an account differs.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import sys
import tempfile
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter

from contest.process import Peak, peak_of
from contest.star_run import FolderRaw

from estrela.etl.raw.raw_file import RawFile
from estrela.model import Column, CsvSource, Date, Download, Field, FromRequest, Layout, Number, Text, Whole

MOST = 3.0
MOST_MB = 1024
DAYS = tuple(f"2024-{month:02}-{day:02}" for month in (1, 2, 3, 4) for day in range(1, 26))
WARM_UP = (10, 5_000)
"""Numbers of files that both processes read as a warm-up, because few and many files are read in different ways."""
RECEIVED = datetime(2025, 7, 1, tzinfo=UTC)
readings = CsvSource(
    "readings", "Readings of meters", "readings", Download("https://meters.test/readings.csv"),
    (
        Column("day", "date", "Day"), Column("number", "bigint", "Number"), Column("meter", "string", "Meter"),
        Column("read_on", "date", "Day of the reading"), Column("value", "decimal(12,2)", "Value"),
    ),
    (
        Layout("v1", (
            Field("Number", "number", Whole(), required=True), Field("Meter", "meter", Text(), required=True),
            Field("Read", "read_on", Date()), Field("Value", "value", Number(".")),
        )),
    ),
    (FromRequest("day", "day"),), partition_by=("day",), sort_by=("meter",),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=20)
    parser.add_argument("--few", type=int, default=10)
    parser.add_argument("--heap", default="1g")
    options = parser.parse_args()
    rows = options.files * options.rows
    with tempfile.TemporaryDirectory(prefix="many-files-") as folder:
        few = measured(Path(folder) / "few", options.few, rows, options.heap)
        many = measured(Path(folder) / "many", options.files, rows, options.heap)
    ratio = many[0] / few[0]
    print(f"{options.files:,} files take {ratio:.2f} times as long as {options.few}")
    wrong = [f"at most {MOST} times is allowed"] if ratio > MOST else []
    wrong += [f"the driver's Python needs {many[1]:.0f} MB; {MOST_MB} are allowed"] if many[1] > MOST_MB else []
    sys.exit("; ".join(wrong) or 0)


def measured(folder: Path, files: int, rows: int, heap: str) -> tuple[float, float]:
    """Transform ``rows`` rows in ``files`` files; return the seconds and the driver's peak of Python memory in MB."""
    entries = list(written(folder / "raw", files, rows))
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    child = spawn.Process(target=transform, args=(entries, folder, heap, theirs))
    child.start()
    theirs.close()
    peak = Peak()
    try:
        with peak_of(child.pid or 0) as peak:
            answer = ours.recv()
    except EOFError:
        answer = "the process ended without an answer"
    finally:
        child.join(60)
        child.kill()
    if isinstance(answer, str):
        sys.exit(f"{files:,} files: {answer}")
    first, again = answer
    print(
        f"{files:>9,} files: {first:6.1f} s, one corrected file {again:6.1f} s; driver's Python {peak.root:.0f} MB,"
        f" with the JVM {peak.tree:.0f} MB",
        flush=True,
    )
    return first, peak.root


def written(folder: Path, files: int, rows: int) -> Iterator[RawFile]:
    """Write the files, each named after its content, and yield their entries."""
    folder.mkdir(parents=True)
    each = rows // files
    for number in range(files):
        day = DAYS[number % len(DAYS)]
        lines = [
            f"{row};M{row % 977};{day};{row % 9973}.{row % 100:02}" for row in range(number * each, (number + 1) * each)
        ]
        yield entry(folder, day, number, "\n".join(["Number;Meter;Read;Value", *lines, ""]).encode())


def entry(folder: Path, day: str, part: int, body: bytes) -> RawFile:
    name = hashlib.sha256(body).hexdigest()
    path = folder / name[:2] / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(body)
    request = {"day": day, "part": str(part)}
    return RawFile(readings.name, request, 0, path.as_uri(), RECEIVED, len(body), name, str(path), 1)


def transform(entries: list[RawFile], folder: Path, heap: str, answer: Connection) -> None:
    """Transform the files, then all of them with one corrected; send the seconds of both, or the error."""
    try:
        answer.send(seconds(entries, folder, heap))
    except Exception:  # noqa: BLE001 the parent shows it
        answer.send(traceback.format_exc())


def seconds(entries: list[RawFile], folder: Path, heap: str) -> tuple[float, float]:
    from contest.session import session

    from estrela.etl.loaders.lake import LakeLoader
    from estrela.etl.steps.transform import TransformSource

    spark = session(folder / "lake", heap, folder / "gc.log")
    for files in WARM_UP:
        warm_up = list(written(folder / f"warm-up-{files}", files, 100_000))
        TransformSource(readings, FolderRaw({readings.name: warm_up}), LakeLoader(spark, f"warm_{files}", "run")).run()
    lake = LakeLoader(spark, "many", "run")
    start = perf_counter()
    figures = TransformSource(readings, FolderRaw({readings.name: entries}), lake).run()
    first = perf_counter() - start
    assert (figures["files"], figures["rows_rejected"]) == (len(entries), 0), figures
    last = entries[-1]
    body = Path(last.key).read_bytes() + b"1;M1;2024-01-01;1.00\n"
    corrected = [*entries[:-1], entry(folder / "raw", last.request["day"], len(entries) - 1, body)]
    start = perf_counter()
    figures = TransformSource(readings, FolderRaw({readings.name: corrected}), lake).run()
    again = perf_counter() - start
    spark.stop()
    return first, again


if __name__ == "__main__":
    main()
