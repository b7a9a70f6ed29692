"""Loads of one CSV file into PostgreSQL by other tools and by the file ledger, compared with PostgreSQL's own COPY.

``python benchmarks/warehouse_peers.py [ROWS]``: 8 columns, 1,000,000 rows by default. One turn of each tool, in a
separate environment that uv creates; needs PyPI or uv's cache. The tools neither quarantine rows nor keep a ledger.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import uv
from sqlalchemy import make_url
from warehouse_load import PLAIN_COPY, Bench, best_of, lines

from estrela.hooks.database import DatabaseManager
from estrela.ledger.schema import SCHEMA
from localaws.postgres_server import postgres

PEERS = ("dlt_best", "polars_copy", "orm", "dlt_default")
NEEDED = ("dlt[postgres]==1.31.*", "polars==2.*", "pyarrow", "psycopg[binary]", "sqlalchemy==2.*")
SCRIPT = Path(__file__).parent / "peers" / "warehouse.py"


def peer(name: str, url: str, path: Path) -> float:
    """Return the seconds of a tool."""
    needed = [word for package in NEEDED for word in ("--with", package)]
    command = [uv.find_uv_bin(), "run", "--no-project", "--quiet", "--python", sys.executable, *needed]
    done = subprocess.run([*command, "python", SCRIPT, name, url, path], check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout.partition("SECONDS ")[2])


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with postgres(folder / "data") as dsn:
            database = DatabaseManager.from_url(make_url(dsn).set(drivername="postgresql+psycopg"))
            SCHEMA.migrate(database)
            bench, file, wire = Bench(database, folder, count), folder / "good.csv", folder / "wire.csv"
            with file.open("w") as whole, wire.open("w") as plain:
                for at, line in enumerate(lines(count), 1):
                    whole.write(line)
                    plain.write(f"1,1,{at},{line}" if at > 1 else "")
            wire.chmod(0o644)
            best = best_of(3, {PLAIN_COPY: bench.server_copy, "ledger": bench.ledger(file)}, bench.prepare)
            base = best[PLAIN_COPY]
            print(f"{count:,} rows x 8 columns; server-side COPY {base:.2f} s = 1", flush=True)
            print(f"ledger {best['ledger'] / base:.2f}", flush=True)
            for tool in PEERS:
                print(f"{tool} {peer(tool, dsn, file) / base:.2f}", flush=True)
            database.engine.dispose()


if __name__ == "__main__":
    main()
