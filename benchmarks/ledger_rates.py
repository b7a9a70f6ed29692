"""Many small files, and many events of known files: rates of the ledger, compared with the maximum of PostgreSQL.

``python benchmarks/ledger_rates.py [FILES] [EVENTS]``: files of 1,000 rows (default 500), events (default 20,000).
Files are compared with one COPY of all their rows, which no ledger can beat, and with one transaction with one COPY per
file; events with one ``UPDATE`` per 100 events. Files of one row show the fixed cost of a file.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import make_url
from warehouse_load import FEED, NAMES, PLAIN, OneFile, rows

from estrela.errors import LoadError
from estrela.etl.loaders.postgres import PostgresLoader
from estrela.etl.steps.load_feed import LoadFeed
from estrela.hooks.database import DatabaseManager
from estrela.ledger.arrivals import Arrival
from estrela.ledger.claims import Claims
from estrela.ledger.register import Register
from estrela.ledger.schema import SCHEMA
from estrela.model.feed import RowTolerance
from localaws.postgres_server import postgres

BATCH = 100
"""Events per call, as in a listing or a few messages of a queue."""
SEVERAL = replace(FEED, tolerance=RowTolerance())


def rate(count: int, work: Callable[[int], None]) -> float:
    start = time.perf_counter()
    work(count)
    return count / (time.perf_counter() - start)


class Rates:
    """A ledger in which the same file of 1,000 rows arrives again and again."""

    def __init__(self, database: DatabaseManager) -> None:
        self.database, self.round = database, 0
        self.take(1000)

    def take(self, lines: int) -> None:
        """Set the number of rows of every file."""
        self.content = rows(lines)
        self.loader = PostgresLoader(self.database, OneFile(self.content))  # type: ignore[arg-type]
        body = self.content.splitlines(keepends=True)[1:]
        self.wire = b"".join(b"1,1,%d,%s" % (at, line) for at, line in enumerate(body, 2))

    def arrivals(self, count: int) -> list[Arrival]:
        size, now = len(self.content), datetime.now(UTC)
        return [Arrival("b", f"bench/{self.round}-{at}", "v", "e", size, now) for at in range(count)]

    def hear(self, arrivals: list[Arrival]) -> None:
        register = Register(self.database, {SEVERAL.name: SEVERAL}, "b")
        for at in range(0, len(arrivals), BATCH):
            register.register(arrivals[at : at + BATCH], "bench", by_event=True)

    def files(self, count: int) -> None:
        self.round += 1
        self.hear(self.arrivals(count))
        figures = LoadFeed(SEVERAL, Claims(self.database), self.loader, self.loader.files, "bench").run()
        if figures["files"] != count:
            raise LoadError(SEVERAL.target, f"{figures} instead of {count} files")

    def one_copy(self, count: int) -> None:
        names = ", ".join(("source_file", "source_load", "source_line", *NAMES))
        statement = f"COPY plain ({names}) FROM STDIN (FORMAT csv)"
        with self.database.transaction("plain") as cursor, cursor.copy(statement) as copy:  # type: ignore[arg-type]
            for _ in range(count):
                copy.write(self.wire)

    def a_copy_each(self, count: int) -> None:
        for _ in range(count):
            self.one_copy(1)

    def events(self, count: int) -> None:
        known = self.arrivals(BATCH)
        for _ in range(0, count, BATCH):
            self.hear(known)

    def plain_events(self, count: int) -> None:
        keys = [arrival.key for arrival in self.arrivals(BATCH)]
        for _ in range(0, count, BATCH):
            with self.database.transaction("ledger.files") as cursor:
                cursor.execute("UPDATE ledger.files SET events_seen = events_seen + 1 WHERE key = ANY(%s)", (keys,))


def compared(name: str, count: int, ours: Callable[[int], None], plain: dict[str, Callable[[int], None]]) -> None:
    """Print the best of three turns of each, run alternately."""
    turns = [[rate(count, work) for work in (ours, *plain.values())] for _ in range(3)]
    speed, *others = [max(rates) for rates in zip(*turns, strict=True)]
    shown = "; ".join(
        f"{peer} {other:,.0f}, time ratio {other / speed:.2f}" for peer, other in zip(plain, others, strict=True)
    )
    print(f"{name}: {speed:,.0f} a second; {shown}")


def main() -> None:
    files, events = (int(word) for word in (sys.argv[1:] + ["500", "20000"][len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory(prefix="pg-") as folder, postgres(Path(folder)) as dsn:
        database = DatabaseManager.from_url(make_url(dsn).set(drivername="postgresql+psycopg"))
        SCHEMA.migrate(database)
        with database.transaction("plain") as cursor:
            cursor.execute(PLAIN)
        rates = Rates(database)
        plain = {"one COPY of all": rates.one_copy, "a transaction each": rates.a_copy_each}
        for lines in (1000, 1):
            rates.take(lines)
            compared(f"files of {lines:,} rows, registered, loaded and done", files, rates.files, plain)
        compared("events of known files", events, rates.events, {"UPDATE": rates.plain_events})
        database.engine.dispose()


if __name__ == "__main__":
    main()
