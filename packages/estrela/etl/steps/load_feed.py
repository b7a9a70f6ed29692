"""Loads what arrived for one feed: claim, load, settle, file by file."""

from __future__ import annotations

from dataclasses import dataclass

from estrela.errors import ClaimLostError, EstrelaError, FileRefusedError, LoadError, bounded, some_of
from estrela.etl.base import ETLBase, Figures
from estrela.etl.feed_loader import FeedLoader
from estrela.etl.loaders.postgres import RejectSpool, TooManyRejectsError, begin_load
from estrela.etl.step_failure import PASSING
from estrela.hooks.landed_files import GoneError
from estrela.ledger.claims import Claim, Claims, settle
from estrela.ledger.heartbeat import heartbeat
from estrela.ledger.state import State
from estrela.model.feed import Feed, SchemaChange

FAILED = "UPDATE ledger.loads SET ended_at = clock_timestamp(), error = %s WHERE id = %s"


@dataclass(frozen=True)
class LoadFeed(ETLBase):
    """Loads every file of ``feed`` that may be loaded now; a file that fails stops no other that its order lets go."""

    feed: Feed
    claims: Claims
    loader: FeedLoader
    run_key: str

    def run(self) -> Figures:
        """Load and report. Raises LoadError at the end if a file failed."""
        swept = self.claims.sweep(self.feed, self.run_key)
        files = rows = rejected = 0
        failures: list[EstrelaError] = []
        while claim := self.claims.claim(self.feed, self.run_key):
            try:
                with heartbeat(self.claims, claim):
                    account = self.loader.load(claim)
            except ClaimLostError as error:
                self.log.warning(str(error), feed=self.feed.name, file=claim.file)
            except EstrelaError as error:
                failures += self._noted(claim, error)
                if error.retriable:
                    break
            except Exception as error:
                self._noted(claim, LoadError(claim.address, type(error).__name__, retriable=isinstance(error, PASSING)))
                raise
            else:
                files, rows, rejected = files + 1, rows + account.loaded, rejected + account.rejected
                self.log.event("loaded", feed=self.feed.name, file=claim.file, key=claim.key, **vars(account))
        if failures:
            problem = f"{len(failures)} files were not loaded: {some_of(failures, 3)}"
            raise LoadError(self.feed.name, problem, retriable=any(one.retriable for one in failures))
        counts = {"rows_in": rows + rejected, "rows_loaded": rows, "rows_rejected": rejected}
        return {"feed": self.feed.name, "files": files, **counts, "given_back": swept}

    def _noted(self, claim: Claim, error: EstrelaError) -> list[EstrelaError]:
        """Settle a file that was not loaded; return the error if somebody should hear of it."""
        state = self._state(claim, error)
        try:
            self._settle(claim, state, error)
        except ClaimLostError as lost:
            self.log.warning(str(lost), feed=self.feed.name, file=claim.file)
            return []
        if state is State.FILTERED_OUT:
            self.log.event(str(error), feed=self.feed.name, file=claim.file)
            return []
        self.log.warning(str(error), feed=self.feed.name, file=claim.file, key=claim.key, state=str(state))
        return [error]

    def _settle(self, claim: Claim, state: State, error: EstrelaError) -> None:
        with self.claims.database.transaction("ledger.files") as cursor:
            settle(cursor, claim, state, bounded(error, 1000))
            load = begin_load(cursor, claim.file, "load", claim.run)
            cursor.execute(FAILED, (bounded(error, 1000), load))
            if isinstance(error, TooManyRejectsError):
                spool = RejectSpool(claim.file, load, is_counted=False)
                spool.add(error.rejects)
                spool.copy(cursor)

    def _state(self, claim: Claim, error: EstrelaError) -> State:
        if isinstance(error, GoneError):
            return State.FILTERED_OUT
        if error.retriable and claim.attempt < self.feed.max_attempts:
            return State.NEW
        quarantined = isinstance(error, FileRefusedError) and error.is_of_columns
        return State.REJECTED if quarantined and self.feed.schema_change is SchemaChange.QUARANTINE else State.FAIL
