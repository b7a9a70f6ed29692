"""The step that loads new files of a feed in batches: claim, load, settle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from estrela.errors import ClaimLostError, EstrelaError, LoadError, bounded, some_of
from estrela.etl.base import ETLBase, Figures
from estrela.etl.feed_loader import FeedLoader, state_after
from estrela.etl.loaders.manifests import Manifests
from estrela.etl.loaders.postgres import begin_load
from estrela.etl.loaders.reject_spool import RejectSpool, TooManyRejectsError
from estrela.etl.step_failure import PASSING
from estrela.hooks.landed_files import LandedFiles
from estrela.ledger.claims import Account, Claim, Claims, settle
from estrela.ledger.heartbeat import heartbeat
from estrela.ledger.state import State
from estrela.model.feed import Feed, Order

NOT_TRIED = "not tried, because an earlier file of its batch was not loaded"
FAILED = "UPDATE ledger.loads SET ended_at = clock_timestamp(), error = %s WHERE id = %s"


@dataclass(frozen=True)
class LoadFeed(ETLBase):
    """Loads every file of ``feed`` that can be loaded now.

    A file that fails does not stop the others, unless the order of the feed requires it.
    """

    feed: Feed
    claims: Claims
    loader: FeedLoader
    files: LandedFiles
    run_key: str

    def run(self) -> Figures:
        """Load the files and report counts. Raises LoadError at the end if a file failed."""
        swept = self.claims.sweep(self.feed, self.run_key)
        accounts: list[Account] = []
        failures = self._read_manifests()
        while claims := self.claims.claim_some(self.feed, self.run_key, self.loader.limit(self.feed)):
            with heartbeat(self.claims, claims):
                loaded = self.loader.load_some(claims)
                self.claims.give_back(loaded.left, NOT_TRIED)
            for claim, account in loaded.accounts:
                self.log.event("loaded", feed=self.feed.name, file=claim.file, key=claim.key, **vars(account))
            accounts += [account for _, account in loaded.accounts]
            errors = [error for claim, error in loaded.failures for error in self._noted(claim, error)]
            failures += errors
            if any(error.retriable for error in errors):
                break
        if failures:
            files = "1 file was" if len(failures) == 1 else f"{len(failures)} files were"
            problem = f"{files} not loaded: {some_of(failures, 3)}"
            raise LoadError(self.feed.name, problem, retriable=any(failure.retriable for failure in failures))
        return {"feed": self.feed.name, "files": len(accounts), **_counts(accounts), "given_back": swept}

    def _read_manifests(self) -> list[EstrelaError]:
        """Read the manifests that have arrived; return the errors of those that cannot be read."""
        failures: list[EstrelaError] = []
        is_by_manifest = self.feed.order is Order.BY_MANIFEST
        while is_by_manifest and (claim := self.claims.claim_manifest(self.feed, self.run_key)):
            try:
                named = Manifests(self.claims, self.files).read(claim)
            except EstrelaError as error:
                failures += self._noted(claim, error)
                if error.retriable:
                    break
            else:
                self.log.event("read the manifest", feed=self.feed.name, file=claim.file, key=claim.key, names=named)
        return failures

    def _noted(self, claim: Claim, error: Exception) -> list[EstrelaError]:
        """Settle a file that was not loaded; return its error if people should see it. Raises unexpected errors."""
        if isinstance(error, ClaimLostError):
            self.log.warning(str(error), feed=self.feed.name, file=claim.file)
            return []
        if not isinstance(error, EstrelaError):
            self._noted(claim, LoadError(claim.address, type(error).__name__, retriable=isinstance(error, PASSING)))
            raise error
        state = state_after(claim, error)
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


def _counts(accounts: Sequence[Account]) -> Figures:
    rows, rejected = sum(account.loaded for account in accounts), sum(account.rejected for account in accounts)
    return {"rows_in": rows + rejected, "rows_loaded": rows, "rows_rejected": rejected}
