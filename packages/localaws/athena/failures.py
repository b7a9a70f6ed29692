"""A failed query's StateChangeReason and AthenaError."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import duckdb

from localaws.athena.database import MEMORY
from localaws.athena.errors import OTHER, SYSTEM, USER, QueryError
from localaws.athena.sql.errors import SqlError
from localaws.athena.sql.failures import failure

_LONGEST = 1500
# https://docs.aws.amazon.com/athena/latest/ug/error-reference.html lists no number for an engine's error name;
# 1006 is what Athena answers to a query that its engine refuses, 0 to one that exhausted resources.
_REFUSED = 1006
_EXHAUSTED = 0
_EXHAUSTED_REASON = (
    f"EXCEEDED_LOCAL_MEMORY_LIMIT: Query exhausted resources at this scale factor: it needs more than {MEMORY} of "
    "memory and its share of the disk"
)
_OWN_ERROR = re.compile(r"HIVE_BAD_DATA: .*")


@dataclass(frozen=True)
class Failure:
    """``text`` starts with the engine's error name; ``unexpected`` is a fault of localaws' own."""

    text: str
    category: int
    unexpected: bool = False
    type: int = _REFUSED

    def as_athena_error(self) -> dict[str, Any]:
        return {
            "ErrorCategory": self.category,
            "ErrorType": self.type,
            "Retryable": self.category == SYSTEM,
            "ErrorMessage": self.text,
        }


def explain(error: Exception) -> Failure:
    """What Athena's user sees of an exception."""
    if isinstance(error, QueryError):
        return Failure(str(error)[:_LONGEST], error.category)
    if isinstance(error, SqlError):
        return Failure(str(error)[:_LONGEST], USER)
    if isinstance(error, duckdb.Error):
        return _explain_duckdb(error)
    if isinstance(error, OSError):
        return Failure(f"GENERIC_INTERNAL_ERROR: {error.strerror or error}"[:_LONGEST], SYSTEM, unexpected=True)
    return Failure(f"GENERIC_INTERNAL_ERROR: {error!r}"[:_LONGEST], OTHER, unexpected=True)


def _explain_duckdb(error: duckdb.Error) -> Failure:
    if isinstance(error, duckdb.OutOfMemoryException):
        return Failure(_EXHAUSTED_REASON, USER, type=_EXHAUSTED)
    if own := _OWN_ERROR.search(str(error)):
        return Failure(own[0][:_LONGEST], USER)
    return Failure(failure(error), USER)
