"""Changes of data loaded into PostgreSQL, each in one transaction with the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import Cursor

from estrela.etl.feed_rows.judge import Judge
from estrela.etl.feed_rows.rows import unpacked_rows
from estrela.etl.loaders.changes import Changes, require_all
from estrela.etl.loaders.landed_claim import damage_refused, landed_of
from estrela.etl.loaders.postgres import copy_rows
from estrela.etl.loaders.postgres_table import PostgresTable
from estrela.etl.loaders.reject_spool import RejectSpool
from estrela.ledger.claims import Account, Claim
from estrela.model.feed import Load


@dataclass(frozen=True)
class PostgresChanges(Changes):
    """Changes tables in the database of the ledger."""

    def reload(
        self, cursor: Cursor[Any], claim: Claim, judge: Judge, lines: frozenset[int], spool: RejectSpool
    ) -> Account:
        """Copy the good rows into the table, or into a staging table to be merged."""
        feed, table = claim.feed, PostgresTable(claim.feed, cursor)
        table.ensure()
        target = table.stage() if feed.load is Load.UPSERT else table.name
        with (
            damage_refused(claim),
            self.files.open(landed_of(claim)) as body,
            unpacked_rows(body, judge, claim.address, lines) as rows,
        ):
            loaded = copy_rows(cursor, target, rows, spool)
        changed = table.merge([claim.file]).get(claim.file, 0) if feed.load is Load.UPSERT else loaded
        account = Account(loaded + spool.count, loaded, spool.count, changed)
        require_all(claim, account, lines)
        return account

    def remove(self, cursor: Cursor[Any], claim: Claim, load: int) -> int:
        """Delete the rows of the file."""
        return PostgresTable(claim.feed, cursor).withdraw([claim.file])
