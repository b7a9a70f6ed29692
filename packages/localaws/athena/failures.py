"""A failed query's StateChangeReason and AthenaError."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localaws.athena.errors import OTHER, SYSTEM, USER, QueryError
from localaws.athena.sql_errors import SqlError

_LONGEST = 1500
# https://docs.aws.amazon.com/athena/latest/ug/error-reference.html lists no number for an engine's error name; Athena
# returns 1006 for a query that its engine refuses.
_REFUSED = 1006


@dataclass(frozen=True)
class Failure:
    """``text`` starts with the engine's error name; ``unexpected`` marks a fault of localaws itself."""

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
    """Return the error that Athena's user sees for an exception that no engine handles."""
    if isinstance(error, QueryError):
        return Failure(shortened(str(error)), error.category)
    if isinstance(error, SqlError):
        return Failure(shortened(str(error)), USER)
    if isinstance(error, OSError):
        return Failure(shortened(f"GENERIC_INTERNAL_ERROR: {error.strerror or error}"), SYSTEM, unexpected=True)
    return Failure(shortened(f"GENERIC_INTERNAL_ERROR: {error!r}"), OTHER, unexpected=True)


def shortened(text: str) -> str:
    """A text truncated to the API's limit."""
    return text[:_LONGEST]
