"""Changes of data loaded into Redshift. Redshift's transaction commits before the ledger's.

After a kill between the two commits, the same command given again completes the change.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from psycopg import Cursor

from estrela.errors import LoadError
from estrela.etl.feed_rows.judge import Judge
from estrela.etl.loaders.changes import Changes, require_all
from estrela.etl.loaders.redshift import FENCE, RedshiftLoader
from estrela.etl.loaders.redshift_audit import Audit
from estrela.etl.loaders.redshift_table import RedshiftTable
from estrela.etl.loaders.reject_spool import RejectSpool
from estrela.hooks.redshift import Execution, StatementError
from estrela.ledger.claims import Account, Claim


@dataclass(frozen=True, kw_only=True)
class RedshiftChanges(Changes):
    """Changes tables in Redshift with the methods of ``loader``."""

    loader: RedshiftLoader

    def reload(
        self, cursor: Cursor[Any], claim: Claim, judge: Judge, lines: frozenset[int], spool: RejectSpool
    ) -> Account:
        """Stage and merge the good rows; they replace rows that an earlier attempt loaded from the same lines."""
        loader, feed, audit = self.loader, claim.feed, Audit.of(claim)
        fence, position = self._fence(audit), loader.position(claim.file)
        with loader.folder.writing(feed.name, claim.file, spool.load) as parts:
            judged = loader.judged(claim, judge, spool, parts, lines)
            require_all(claim, judged.account, lines)
        loader.ensure(feed)
        table = RedshiftTable(feed)
        statements = [
            *fence,
            *loader.staged(feed, judged, parts),
            table.has_all(judged.account.loaded),
            *table.cleared_lines(),
            *table.merged(audit.newer_files(position)),
            audit.written(spool.load, claim.file, "replay", position, judged.sha256, judged.account),
            table.unstaged,
        ]
        self._commit(claim, statements)
        loader.folder.clear(feed.name, claim.file)
        newest = audit.newest(loader.redshift)
        return replace(judged.account, changed=newest.account.changed) if newest else judged.account

    def remove(self, cursor: Cursor[Any], claim: Claim, load: int) -> int:
        """Delete the rows of the file."""
        audit, position = Audit.of(claim), self.loader.position(claim.file)
        deleted = RedshiftTable(claim.feed).withdrawn(f"source_file = {claim.file}")
        written = audit.written(load, claim.file, "withdraw", position, "", Account())
        fence = self._fence(audit)
        execution = self._commit(claim, [*fence, deleted, written])
        return int(execution["SubStatements"][len(fence)]["ResultRows"])

    def _fence(self, audit: Audit) -> list[str]:
        newest = audit.newest(self.loader.redshift)
        return [audit.locked(), audit.fenced(newest.load if newest else 0)]

    def _commit(self, claim: Claim, statements: list[str]) -> Execution:
        try:
            return self.loader.redshift.transact(claim.feed.target, statements)
        except StatementError as error:
            if error.place != FENCE:
                raise
            problem = "a load of the feed was committed at the same time; nothing was changed, run the command again"
            raise LoadError(claim.feed.target, problem, retriable=True) from error
