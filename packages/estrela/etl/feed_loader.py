"""The loader of the files of feeds."""

from __future__ import annotations

from abc import abstractmethod

from estrela.etl.loader import Loader
from estrela.ledger.claims import Account, Claim
from estrela.model.feed import Feed


class FeedLoader(Loader[Feed]):
    """Loads claimed files into the target tables of their feeds, each file effectively once."""

    @abstractmethod
    def load(self, claim: Claim) -> Account:
        """Load the file and set it to Done, or change nothing.

        Raises FileRefusedError where the file is not as declared, ClaimLostError where another worker may have it, and
        LoadError.
        """

    @abstractmethod
    def plan(self, claim: Claim) -> Account:
        """Return what :meth:`load` would do with the file now; changes nothing. Raises what :meth:`load` raises."""
