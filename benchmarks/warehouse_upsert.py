"""An upsert of rows, half of them new, by the file ledger, compared with a plain ON CONFLICT of the same staged rows.

``python benchmarks/warehouse_upsert.py [TABLE_ROWS] [FILE_ROWS]``: 1,000,000 and 200,000 by default; the best of three
turns, taken alternately. The plain way also copies into a staging table, with the server's own COPY.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from sqlalchemy import make_url
from warehouse_load import FEED, NAMES, Bench, best_of, rows

from estrela.hooks.database import DatabaseManager
from estrela.ledger.schema import SCHEMA
from estrela.model.feed import Load
from localaws.postgres_server import postgres

UPSERT = replace(FEED, load=Load.UPSERT, key=("id",))
COLUMNS = ", ".join(("source_file", "source_load", "source_line", *NAMES))


class UpsertBench(Bench):
    """Two equal tables, with ``held`` rows before each turn."""

    def __init__(self, database: DatabaseManager, folder: Path, held: int, count: int) -> None:
        super().__init__(database, folder, count)
        self.held = held
        head, *lines = rows(held + count).splitlines(keepends=True)
        body = lines[held - count // 2 : held + count - count // 2]
        self.base, self.file = head + b"".join(lines[:held]), head + b"".join(body)
        wires = (("base", lines[:held]), ("file", body))
        for name, part in wires:
            path = folder / f"{name}.csv"
            path.write_bytes(b"".join(b"0,0,%d,%s" % (at, line) for at, line in enumerate(part, 2)))
            path.chmod(0o644)

    def prepare(self, work: str) -> None:
        """Fill both tables with the rows from before the turn."""
        self.clear()
        with self.database.transaction("plain") as cursor:
            cursor.execute("ALTER TABLE plain ADD PRIMARY KEY (id)")
            cursor.execute("DROP TABLE IF EXISTS stage; CREATE UNLOGGED TABLE stage (LIKE plain)")
            cursor.execute(f"COPY plain ({COLUMNS}) FROM '{self.folder / 'base.csv'}' (FORMAT csv)")  # type: ignore[arg-type]
        count, self.count = self.count, self.held
        self.ledger(self.base, UPSERT)()
        self.count = count
        self.do("CHECKPOINT")

    def plain(self) -> None:
        """Stage the rows, and merge them with ON CONFLICT."""
        changes = ", ".join(f"{name} = excluded.{name}" for name in NAMES if name != "id")
        with self.database.transaction("plain") as cursor:
            cursor.execute(f"COPY stage ({COLUMNS}) FROM '{self.folder / 'file.csv'}' (FORMAT csv)")  # type: ignore[arg-type]
            cursor.execute(f"INSERT INTO plain ({COLUMNS}) SELECT {COLUMNS} FROM stage "  # type: ignore[arg-type]
                           f"ON CONFLICT (id) DO UPDATE SET {changes}")  # fmt: skip

    def run(self) -> None:
        best = best_of(3, {"plain": self.plain, "ledger": self.ledger(self.file, UPSERT)}, self.prepare)
        print(
            f"{self.count:,} rows, half new, into {self.held:,}: plain ON CONFLICT {best['plain']:.2f} s = 1; "
            f"ledger {best['ledger'] / best['plain']:.2f}"
        )


def main() -> None:
    held, count = (int(word) for word in (sys.argv[1:] + ["1000000", "200000"][len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        Path(name).chmod(0o755)
        with postgres(Path(name) / "data") as dsn:
            database = DatabaseManager.from_url(make_url(dsn).set(drivername="postgresql+psycopg"))
            SCHEMA.migrate(database)
            UpsertBench(database, Path(name), held, count).run()
            database.engine.dispose()


if __name__ == "__main__":
    main()
