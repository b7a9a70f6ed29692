"""Athena queries: start a query, wait for its end, stop it after its deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from estrela.errors import AthenaQueryError
from estrela.hooks.aws_fault import is_transient

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient

ACTIVE = frozenset({"QUEUED", "RUNNING"})
SUCCEEDED = "SUCCEEDED"
POLL_SECONDS = 0.1
DEADLINE_SECONDS = 300.0

Execution = Mapping[str, Any]
"""A query as Athena's GetQueryExecution returns it."""


@dataclass(frozen=True)
class AthenaQueries:
    """Runs queries through a boto3 Athena client.

    Results are written to ``output``, an ``s3://`` folder, or to the location that the ``workgroup`` sets.
    """

    client: AthenaClient
    workgroup: str = "primary"
    output: str = ""
    deadline: float = DEADLINE_SECONDS
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def run(self, sql: str) -> Execution:
        """Return the execution of ``sql`` after it has succeeded.

        Raises AthenaQueryError with Athena's own reason if the query fails, is cancelled or cannot be started. A query
        that has not ended after ``deadline`` seconds is stopped first.
        """
        query = ""
        try:
            place: Any = {"ResultConfiguration": {"OutputLocation": self.output}} if self.output else {}
            started = self.client.start_query_execution(QueryString=sql, WorkGroup=self.workgroup, **place)
            query = started["QueryExecutionId"]
            return self._succeeded(query)
        except (ClientError, BotoCoreError) as error:
            raise AthenaQueryError(query, str(error), retriable=is_transient(error)) from error

    def _succeeded(self, query: str) -> Execution:
        end = self.clock() + self.deadline
        while (execution := self._execution(query))["Status"]["State"] in ACTIVE:
            if self.clock() >= end:
                self.client.stop_query_execution(QueryExecutionId=query)
                raise AthenaQueryError(
                    query, f"was stopped because it had not finished after {self.deadline:g} s", retriable=True
                )
            self.sleep(POLL_SECONDS)
        status = execution["Status"]
        if status["State"] == SUCCEEDED:
            return execution
        reason = f"ended with {status['State']}: {status.get('StateChangeReason') or 'no reason given'}"
        raise AthenaQueryError(query, reason, retriable=bool(status.get("AthenaError", {}).get("Retryable")))

    def _execution(self, query: str) -> Execution:
        return self.client.get_query_execution(QueryExecutionId=query)["QueryExecution"]
