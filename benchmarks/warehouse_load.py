"""Loads of one CSV file into PostgreSQL by the file ledger, compared with PostgreSQL's server-side COPY of the same
rows.

``python benchmarks/warehouse_load.py [ROWS ...]``: 8 columns, 1,000,000 rows by default; five turns, taken alternately,
three above 1,000,000 rows and one above 5,000,000. It prints the best turn of each load and its ratio to the best
server-side COPY, the median of the ratios within a turn, and the peak memory of this process so far. Several numbers of
rows are measured one after the other. The table is new and gets its index after the rows. "index" is a load into a
table that already has its index; its turns are compared with the server-side COPY into such a table. The load that
reads every row field by field is measured once, up to 1,000,000 rows.
"""

from __future__ import annotations

import io
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from estrela.etl.loaders.postgres import PostgresLoader
from estrela.hooks.database import DatabaseManager
from estrela.ledger.arrivals import Arrival
from estrela.ledger.claims import Claims
from estrela.ledger.register import Register
from estrela.ledger.schema import SCHEMA
from estrela.model import Boolean, Column, Date, Field, Number, Text, Timestamp, Whole
from estrela.model.feed import Feed, Load, Order, RowTolerance
from estrela.model.feed_format import Csv
from estrela.model.feed_origin import S3Drop
from localaws.postgres_server import postgres

COLUMNS = (
    Column("id", "bigint", "Number"),
    Column("day", "date", "Day"),
    Column("merchant", "string", "Merchant"),
    Column("city", "string", "City"),
    Column("amount", "decimal(14,2)", "BRL"),
    Column("parts", "int", "Parts"),
    Column("is_open", "boolean", "Whether it is open"),
    Column("at", "timestamp", "When"),
)
PARSERS = (Whole(), Date(), Text(), Text(), Number("."), Whole(), Boolean(), Timestamp())
NAMES = [column.name for column in COLUMNS]
FEED = Feed(
    name="bench", doc="Rows", origin=S3Drop("bench/", ".*"), format=Csv(), columns=COLUMNS,
    fields=tuple(
        Field(name, name, parse, required=name == "id") for name, parse in zip(NAMES, PARSERS, strict=True)
    ),
    target="mart.bench", load=Load.APPEND, order=Order.ALL, tolerance=RowTolerance(share=0.5),
)  # fmt: skip
PLAIN_COPY = "server-side COPY"
COPY_INDEX = f"{PLAIN_COPY}, index"
PLAIN = (
    "CREATE TABLE plain (id bigint NOT NULL, day date, merchant text, city text, amount numeric(14,2), parts integer, "
    "is_open boolean, at timestamptz, source_file bigint NOT NULL, source_line bigint NOT NULL, "
    "source_load bigint NOT NULL)"
)


class OneFile:
    """A stand-in for S3: every file has the same content, in memory or in a file on disk."""

    def __init__(self, content: bytes | Path) -> None:
        self.content = content

    @contextmanager
    def open(self, file: Any) -> Any:
        with io.BytesIO(self.content) if isinstance(self.content, bytes) else self.content.open("rb") as body:
            yield body

    def read_all(self, files: Sequence[Any]) -> Iterator[bytes]:
        assert isinstance(self.content, bytes)
        return iter([self.content] * len(files))


def rows(count: int, bad_every: int = 0) -> bytes:
    return "".join(lines(count, bad_every)).encode()


def lines(count: int, bad_every: int = 0) -> Iterator[str]:
    """Yield the header and the rows of a file."""

    def line(at: int) -> str:
        parts = "many" if bad_every and at % bad_every == 0 else at % 12
        day = f"2026-{at % 12 + 1:02}-{at % 28 + 1:02}"
        return f"{at},{day},Merchant {at % 5000},São Paulo,{at % 10000}.{at % 100:02},{parts},true,{day} 10:11:12\n"

    yield ",".join(NAMES) + "\n"
    yield from map(line, range(count))


Works = Mapping[str, Callable[[], None]]


def seconds_of(turns: int, works: Works, before: Callable[[str], None]) -> dict[str, list[float]]:
    """Return the seconds of each work by its name; each turn does every work once, after ``before``."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(turns):
        for name, work in works.items():
            before(name)
            start = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def best_of(turns: int, works: Works, before: Callable[[str], None]) -> dict[str, float]:
    """Return the minimum of :func:`seconds_of` for each work."""
    return {name: min(taken) for name, taken in seconds_of(turns, works, before).items()}


class Bench:
    def __init__(self, database: DatabaseManager, folder: Path, count: int) -> None:
        self.database, self.folder, self.count, self.number = database, folder, count, 0

    def clear(self) -> None:
        self.do("DROP TABLE IF EXISTS plain", PLAIN, "DROP TABLE IF EXISTS mart.bench", "CHECKPOINT")

    def do(self, *statements: str) -> None:
        for sql in statements:
            with self.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql(sql)

    def prepare(self, work: str) -> None:
        """Empty both tables; create their index if the work loads into a table that has it."""
        self.clear()
        if "index" in work:
            self.do("CREATE INDEX ON plain USING brin (source_file)")
            PostgresLoader(self.database, OneFile(b"")).ensure(FEED)  # type: ignore[arg-type]

    def server_copy(self) -> None:
        with self.database.transaction("plain") as cursor:
            names = ", ".join(("source_file", "source_load", "source_line", *NAMES))
            cursor.execute(f"COPY plain ({names}) FROM '{self.folder / 'wire.csv'}' (FORMAT csv)")

    def ledger(self, content: bytes | Path, feed: Feed = FEED) -> Callable[[], None]:
        size = len(content) if isinstance(content, bytes) else content.stat().st_size

        def load() -> None:
            self.number += 1
            arrival = Arrival("b", f"bench/{self.number}", "v", "e", size, datetime.now(UTC))
            Register(self.database, {feed.name: feed}, "b").register([arrival], "bench", by_event=True)
            claim = Claims(self.database, 3600).claim(feed, "bench")
            assert claim is not None
            account = PostgresLoader(self.database, OneFile(content)).load(claim)  # type: ignore[arg-type]
            assert account.rows == self.count

        return load

    def run(self) -> None:
        good, bad, wire = (self.folder / name for name in ("good.csv", "bad.csv", "wire.csv"))
        with good.open("w") as whole, wire.open("w") as plain, bad.open("w") as damaged:
            for at, line in enumerate(lines(self.count), 1):
                whole.write(line)
                if at > 1:
                    plain.write(f"1,1,{at},{line}")
            damaged.writelines(lines(self.count, bad_every=100))
        wire.chmod(0o644)
        declared = replace(FEED, format=Csv(null_words=("-",)))
        seconds = seconds_of(
            5 if self.count <= 1_000_000 else 3 if self.count <= 5_000_000 else 1,
            {
                PLAIN_COPY: self.server_copy,
                "ledger, rows passed through": self.ledger(good),
                "ledger, 1 % rejects": self.ledger(bad),
                COPY_INDEX: self.server_copy,
                "ledger, rows passed through, index": self.ledger(good),
            },
            self.prepare,
        )
        if self.count <= 1_000_000:
            by_field = {"ledger, every row read field by field": self.ledger(good, declared)}
            seconds |= seconds_of(1, by_field, self.prepare)
        print(f"{self.count:,} rows x 8 columns, {good.stat().st_size / 1e6:.0f} MB")
        for name, taken in seconds.items():
            plain_copy = seconds[COPY_INDEX if name.endswith("index") else PLAIN_COPY]
            median = statistics.median(load / copy for load, copy in zip(taken, plain_copy, strict=False))
            best, best_copy = min(taken), min(plain_copy)
            print(f"{name}: {best:.2f} s, {best / best_copy:.2f}, median {median:.2f}")
        print(f"at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB of memory", flush=True)


def main() -> None:
    counts = [int(word) for word in sys.argv[1:]] or [1_000_000]
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        Path(name).chmod(0o755)
        with postgres(Path(name) / "data") as dsn:
            database = DatabaseManager.from_url(make_url(dsn).set(drivername="postgresql+psycopg"))
            SCHEMA.migrate(database)
            bench = Bench(database, Path(name), 0)
            for bench.count in counts:
                bench.run()
            database.engine.dispose()


if __name__ == "__main__":
    main()
