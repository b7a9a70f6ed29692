"""Result reuse: a query is answered with the stored rows of an earlier query.

https://docs.aws.amazon.com/athena/latest/ug/reusing-query-results.html
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from localaws.athena.errors import InvalidRequestError
from localaws.athena.execution import SUCCEEDED, Execution
from localaws.s3.store import ObjectStore, split_uri

MOST_MINUTES = 10_080
_DEFAULT_MINUTES = 60


def reuse_minutes(configuration: Mapping[str, Any]) -> int | None:
    """Return the maximum age in minutes that a ResultReuseConfiguration allows; None if reuse is disabled.

    Raises InvalidRequestError for an age outside of 0 to 10,080 minutes.
    """
    by_age = configuration.get("ResultReuseByAgeConfiguration") or {}
    if not by_age.get("Enabled"):
        return None
    minutes = int(by_age.get("MaxAgeInMinutes", _DEFAULT_MINUTES))
    if not 0 <= minutes <= MOST_MINUTES:
        raise InvalidRequestError(f"MaxAgeInMinutes is {minutes}: it must be between 0 and {MOST_MINUTES}")
    return minutes


def earlier_result(store: ObjectStore, executions: Iterable[Execution], wanted: Execution) -> Execution | None:
    """The first of ``executions`` (newest first) with the same query and result rows that still exist."""
    if wanted.reuse_minutes is None:
        return None
    oldest = time.time() - wanted.reuse_minutes * 60
    for execution in executions:
        if execution.completed >= oldest and _asks_the_same(execution, wanted) and _has_rows(store, execution):
            return execution
    return None


def _asks_the_same(execution: Execution, wanted: Execution) -> bool:
    same = ("query", "database", "catalog", "workgroup", "parameters", "substatement_type")
    return (
        execution.state == SUCCEEDED
        and not execution.reused
        and all(getattr(execution, name) == getattr(wanted, name) for name in same)
    )


def _has_rows(store: ObjectStore, execution: Execution) -> bool:
    bucket, key = split_uri(execution.output_location)
    return bucket in store.buckets.names() and store.reads.head(bucket, key) is not None
