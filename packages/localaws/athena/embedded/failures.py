"""DuckDB's errors, converted to Athena's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from localaws.athena.embedded.database import MEMORY
from localaws.athena.embedded.sql.failures import failure
from localaws.athena.errors import USER, QueryError, UnsupportedError
from localaws.athena.failures import Failure, shortened
from localaws.athena.sql_errors import NotSupportedError

# Athena's error number for a query that exhausted its resources is 0.
_EXHAUSTED = 0
_EXHAUSTED_REASON = (
    f"EXCEEDED_LOCAL_MEMORY_LIMIT: Query exhausted resources at this scale factor: it needs more than {MEMORY} of "
    "memory and its share of the disk"
)
_REFUSAL = "NOT_SUPPORTED"
_HINT = "; a real Trino may answer it: localaws up --athena trino"
_OWN_ERROR = re.compile(r"HIVE_BAD_DATA: .*")


def explain(error: Exception) -> Failure | None:
    """Return the error that Athena's user sees for an error of DuckDB; None for any other error."""
    if isinstance(error, duckdb.OutOfMemoryException):
        return Failure(_EXHAUSTED_REASON, USER, type=_EXHAUSTED)
    if not isinstance(error, duckdb.Error):
        return None
    if own := _OWN_ERROR.search(str(error)):
        return Failure(shortened(own[0]), USER)
    text = failure(error)
    return Failure(text + _HINT if text.startswith(_REFUSAL) else text, USER)


@contextmanager
def other_engine_named() -> Iterator[None]:
    """Add to a refusal in the block the engine that may support the query; raise it as QueryError."""
    try:
        yield
    except (NotSupportedError, UnsupportedError) as error:
        raise QueryError(_REFUSAL, str(error).removeprefix(f"{_REFUSAL}: ") + _HINT) from error
