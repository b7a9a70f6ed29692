"""The base class of loaders for the files of feeds."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

from estrela.errors import EstrelaError, FileRefusedError
from estrela.etl.loader import Loader
from estrela.hooks.landed_files import GoneError
from estrela.ledger.batch import ONE_FILE, BatchLimit
from estrela.ledger.claims import Account, Claim
from estrela.ledger.state import State
from estrela.model.feed import Feed, Order, SchemaChange


@dataclass
class Loaded:
    """Result of a batch of claims: accounts of loaded files, errors of failed files, and files that were not tried."""

    accounts: list[tuple[Claim, Account]] = field(default_factory=list)
    failures: list[tuple[Claim, Exception]] = field(default_factory=list)
    left: Sequence[Claim] = ()


class FeedLoader(Loader[Feed]):
    """Loads claimed files into the target tables of their feeds, each file effectively once."""

    @abstractmethod
    def load(self, claim: Claim) -> Account:
        """Load the file and set it to Done, or change nothing.

        Raises FileRefusedError if the file differs from the declaration, ClaimLostError if another worker may have the
        claim, and LoadError.
        """

    @abstractmethod
    def plan(self, claim: Claim) -> Account:
        """Return the account that :meth:`load` would give now, without changing anything. Raises the same errors."""

    def limit(self, feed: Feed) -> BatchLimit:
        """Return how many files of ``feed`` should be claimed together."""
        return ONE_FILE

    def load_some(self, claims: Sequence[Claim]) -> Loaded:
        """Load the files of a batch in order. A failed file stops the others only if the feed's order requires it."""
        return self.load_each(claims)

    def load_each(self, claims: Sequence[Claim]) -> Loaded:
        """Do the same as :meth:`load_some`, with one transaction per file."""
        loaded = Loaded()
        for number, claim in enumerate(claims, 1):
            try:
                loaded.accounts.append((claim, self.load(claim)))
            except Exception as error:  # noqa: BLE001 - LoadFeed raises what is no error of the file
                loaded.failures.append((claim, error))
                if holds_back(claim, error) or _is_of_no_file(error):
                    loaded.left = claims[number:]
                    break
        return loaded


def state_after(claim: Claim, error: Exception) -> State:
    """Return the state of a file whose load ended with ``error``."""
    if isinstance(error, GoneError):
        return State.FILTERED_OUT
    if isinstance(error, EstrelaError) and error.retriable and claim.attempt < claim.feed.max_attempts:
        return State.NEW
    quarantined = isinstance(error, FileRefusedError) and error.is_of_columns
    return State.REJECTED if quarantined and claim.feed.schema_change is SchemaChange.QUARANTINE else State.FAIL


def holds_back(claim: Claim, error: Exception) -> bool:
    """Return whether ``error`` prevents loading the files after that of ``claim``."""
    return claim.feed.order is Order.IN_ORDER and state_after(claim, error) in (State.NEW, State.FAIL)


def _is_of_no_file(error: Exception) -> bool:
    """Return whether the next file would probably fail with the same error."""
    return not isinstance(error, EstrelaError) or error.retriable
