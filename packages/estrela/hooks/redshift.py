"""Redshift through its Data API: statements in one transaction, and the rows of a query."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from estrela.errors import LoadError, SettingsError, bounded
from estrela.hooks.aws_fault import is_transient

if TYPE_CHECKING:
    from mypy_boto3_redshift_data import RedshiftDataAPIServiceClient

FINISHED, FAILED = "FINISHED", "FAILED"
ENDED = frozenset({FINISHED, FAILED, "ABORTED"})
FIRST_POLL_SECONDS, LAST_POLL_SECONDS = 0.02, 1.0
DEADLINE_SECONDS = 3600.0
PASSING = ("serializable isolation violation", "could not serialize access", "deadlock detected", "PostgreSQL takes no")
"""Texts of transient errors: the same statements may succeed later."""
MISSING = ("does not exist", "not found")
"""Texts of the error when a query names a table that was never created."""
Execution = Mapping[str, Any]
Row = tuple[Any, ...]


class StatementError(LoadError):
    """A statement failed, and its whole transaction with it. ``place`` counts from 0; -1 if none is at fault."""

    def __init__(self, table: str, problem: str, place: int, *, retriable: bool) -> None:
        self.place = place
        super().__init__(table, problem, retriable=retriable)


@dataclass(frozen=True)
class RedshiftData:
    """One Redshift database. ``place`` has the arguments that identify it in every call: WorkgroupName or
    ClusterIdentifier, Database, and if needed SecretArn or DbUser. ``role`` is the IAM role with which COPY reads S3,
    or ``default``.

    Raises LoadError, retriable if the fault is transient. A statement that has not ended after ``deadline`` seconds is
    cancelled first.
    """

    client: RedshiftDataAPIServiceClient
    place: Mapping[str, str]
    role: str = "default"
    deadline: float = DEADLINE_SECONDS
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def transact(self, table: str, statements: Sequence[str]) -> Execution:
        """Run ``statements`` in one transaction, and return its execution. ``table`` is named in errors.

        Raises StatementError if a statement failed; then nothing was changed.
        """
        if len(statements) == 1:
            return self._ended(table, lambda: self.client.execute_statement(Sql=statements[0], **self._place))
        return self._ended(table, lambda: self.client.batch_execute_statement(Sqls=list(statements), **self._place))

    def query(self, table: str, sql: str) -> list[Row]:
        """Return the rows of a query: numbers and texts as Python values, decimals and times as text."""
        execution = self.transact(table, [sql])
        try:
            pages = self.client.get_paginator("get_statement_result").paginate(Id=execution["Id"])
            return [tuple(map(_value, row)) for page in pages for row in page["Records"]]
        except (ClientError, BotoCoreError) as error:
            raise LoadError(table, bounded(error), retriable=is_transient(error)) from error

    def query_if_exists(self, table: str, sql: str) -> list[Row] | None:
        """Like :meth:`query`; None if one of its tables does not exist."""
        try:
            return self.query(table, sql)
        except StatementError as error:
            if any(text in error.problem for text in MISSING):
                return None
            raise

    @property
    def _place(self) -> dict[str, Any]:
        return dict(self.place)

    def _ended(self, table: str, start: Callable[[], Mapping[str, Any]]) -> Execution:
        try:
            execution = self._awaited(table, start()["Id"])
        except (ClientError, BotoCoreError) as error:
            raise LoadError(table, bounded(error), retriable=is_transient(error)) from error
        if execution["Status"] == FINISHED:
            return execution
        parts = execution.get("SubStatements", [execution])
        place = next((at for at, part in enumerate(parts) if part["Status"] == FAILED), -1)
        problem = f"the statement ended with {execution['Status']}: {execution.get('Error') or 'no reason given'}"
        passing = place < 0 or any(text in problem for text in PASSING)
        raise StatementError(table, problem, place, retriable=passing)

    def _awaited(self, table: str, id_: str) -> Execution:
        end, pause = self.clock() + self.deadline, FIRST_POLL_SECONDS
        while (execution := self.client.describe_statement(Id=id_))["Status"] not in ENDED:
            if self.clock() >= end:
                self.client.cancel_statement(Id=id_)
                raise LoadError(
                    table,
                    f"the statement was cancelled because it had not finished after {self.deadline:g} s",
                    retriable=True,
                )
            self.sleep(pause)
            pause = min(pause * 1.5, LAST_POLL_SECONDS)
        return execution


def _value(field: Mapping[str, Any]) -> Any:
    return None if field.get("isNull") else next(iter(field.values()))


def redshift_of(environ: Mapping[str, str], client: RedshiftDataAPIServiceClient) -> RedshiftData:
    """Return the database that the environment names.

    ``ESTRELA_REDSHIFT_WORKGROUP`` or ``ESTRELA_REDSHIFT_CLUSTER``, ``ESTRELA_REDSHIFT_DATABASE`` (default ``dev``), and
    if needed ``ESTRELA_REDSHIFT_SECRET_ARN`` (default: the caller's IAM identity) and ``ESTRELA_REDSHIFT_ROLE``, the
    role with which COPY reads S3 (default: that of the cluster). Raises SettingsError.
    """
    names = {"WorkgroupName": "WORKGROUP", "ClusterIdentifier": "CLUSTER", "SecretArn": "SECRET_ARN"}
    given = {name: environ.get(f"ESTRELA_REDSHIFT_{variable}", "") for name, variable in names.items()}
    place = {name: value for name, value in given.items() if value}
    if ("WorkgroupName" in place) == ("ClusterIdentifier" in place):
        problem = "set either it or ESTRELA_REDSHIFT_CLUSTER to the workgroup or cluster that feeds are loaded into"
        raise SettingsError("ESTRELA_REDSHIFT_WORKGROUP", problem)
    place["Database"] = environ.get("ESTRELA_REDSHIFT_DATABASE") or "dev"
    return RedshiftData(client, place, environ.get("ESTRELA_REDSHIFT_ROLE") or "default")
