"""Many small files, and many events of known files: rates of the ledger, beside plain transactions that do as much.

``python benchmarks/ledger_rates.py [FILES] [EVENTS]``: files of 1,000 rows (default 200), events (default 20,000). The
peer of a file is one transaction with one COPY of its rows; that of an event is one ``UPDATE`` per 100 events.
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
"""Events of one call: what a listing or a few messages of a queue bring."""
SERIAL = replace(FEED, tolerance=RowTolerance())


def rate(count: int, work: Callable[[int], None]) -> float:
    start = time.perf_counter()
    work(count)
    return count / (time.perf_counter() - start)


class Rates:
    """A ledger into which the same file of 1,000 rows arrives again and again."""

    def __init__(self, database: DatabaseManager) -> None:
        self.database, self.content, self.round = database, rows(1000), 0
        self.loader = PostgresLoader(database, OneFile(self.content))  # type: ignore[arg-type]

    def arrivals(self, count: int) -> list[Arrival]:
        size, now = len(self.content), datetime.now(UTC)
        return [Arrival("b", f"bench/{self.round}-{at}", "v", "e", size, now) for at in range(count)]

    def hear(self, arrivals: list[Arrival]) -> None:
        register = Register(self.database, {SERIAL.name: SERIAL}, "b")
        for at in range(0, len(arrivals), BATCH):
            register.register(arrivals[at : at + BATCH], "bench", by_event=True)

    def files(self, count: int) -> None:
        self.round += 1
        self.hear(self.arrivals(count))
        figures = LoadFeed(SERIAL, Claims(self.database), self.loader, "bench").run()
        if figures["files"] != count:
            raise LoadError(SERIAL.target, f"{figures} instead of {count} files")

    def plain_files(self, count: int) -> None:
        lines = self.content.splitlines(keepends=True)[1:]
        text = b"".join(b"1,1,%d,%s" % (at, line) for at, line in enumerate(lines, 2))
        names = ", ".join(("source_file", "source_load", "source_line", *NAMES))
        for _ in range(count):
            with (
                self.database.transaction("plain") as cursor,
                cursor.copy(
                    f"COPY plain ({names}) FROM STDIN (FORMAT csv)"  # type: ignore[arg-type]
                ) as copy,
            ):
                copy.write(text)

    def events(self, count: int) -> None:
        known = self.arrivals(BATCH)
        for _ in range(0, count, BATCH):
            self.hear(known)

    def plain_events(self, count: int) -> None:
        keys = [one.key for one in self.arrivals(BATCH)]
        for _ in range(0, count, BATCH):
            with self.database.transaction("ledger.files") as cursor:
                cursor.execute("UPDATE ledger.files SET events_seen = events_seen + 1 WHERE key = ANY(%s)", (keys,))


def main() -> None:
    files, events = (int(word) for word in (sys.argv[1:] + ["200", "20000"][len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory(prefix="pg-") as folder, postgres(Path(folder)) as dsn:
        database = DatabaseManager.from_url(make_url(dsn).set(drivername="postgresql+psycopg"))
        SCHEMA.migrate(database)
        with database.transaction("plain") as cursor:
            cursor.execute(PLAIN)
        rates = Rates(database)
        for name, count, plain, ours in (
            ("files of 1,000 rows, registered, loaded and done", files, rates.plain_files, rates.files),
            ("events of known files", events, rates.plain_events, rates.events),
        ):
            for turn in range(3):
                base, found = rate(count, plain), rate(count, ours)
                print(
                    f"{name}, turn {turn + 1}: {found:,.0f} a second, plain {base:,.0f}; time ratio {base / found:.2f}"
                )
        database.engine.dispose()


if __name__ == "__main__":
    main()
