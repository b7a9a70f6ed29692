"""The database of a feed's target table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from estrela.errors import DefinitionError
from estrela.model.column import require_distinct, require_known

REDSHIFT_TEXT_BYTES = 65535
"""Maximum length of a Redshift text, in bytes of UTF-8."""


@dataclass(frozen=True)
class Postgres:
    """The PostgreSQL database that also contains the ledger: a file's rows, counts and state are committed together."""


class Distribution(StrEnum):
    """Distribution of a table's rows over the slices of Redshift."""

    AUTO = "auto"
    EVEN = "even"
    ALL = "all"
    KEY = "key"


@dataclass(frozen=True, kw_only=True)
class Redshift:
    """Redshift: a file's rows and an audit row are committed together, and the ledger is updated from the audit row.

    ``distribution_key`` is the column for ``Distribution.KEY``; ``sort`` are the columns of a compound sort key, in
    order.
    """

    distribution: Distribution = Distribution.AUTO
    distribution_key: str = ""
    sort: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.distribution is Distribution.KEY) != bool(self.distribution_key):
            problem = f"distribution={self.distribution} with distribution_key={self.distribution_key!r}"
            allowed = ("Distribution.KEY with the name of a column", "another distribution without one")
            raise DefinitionError("Redshift", problem, allowed)
        require_distinct("Redshift, sort", self.sort)

    def validate(self, where: str, columns: Sequence[str]) -> None:
        """Raise DefinitionError if a key is not one of ``columns``."""
        require_known(where, "distribution_key", [key for key in (self.distribution_key,) if key], columns)
        require_known(where, "sort", self.sort, columns)


POSTGRES = Postgres()
Engine = Postgres | Redshift
