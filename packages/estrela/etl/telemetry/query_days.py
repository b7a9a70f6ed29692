"""Athena queries per day, with the number of bytes scanned."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from estrela.etl.lake_table import OPS, LakeTable
from estrela.etl.telemetry.ops_log import OpsLog, Row
from estrela.hooks.athena import ACTIVE, SUCCEEDED
from estrela.model.column import Column

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

KEPT = timedelta(days=40)
"""Athena deletes its record of a query after 45 days."""
PAGE = 50
MOST_QUERIES = 10_000
"""Maximum number of queries read per workgroup and record: 400 requests, about one minute."""
_CUT = (
    "workgroup %s: only its newest %d queries were counted, so the figures up to %s may be incomplete; "
    "use a separate workgroup for Estrela"
)
QUERY_DAYS = LakeTable(
    OPS,
    "query_days",
    "Athena queries per day: their number and the bytes scanned. The newest day ends with the newest run",
    (
        Column("day", "date", "Day on which the queries were sent, UTC"),
        Column("workgroup", "string", "Athena workgroup"),
        Column("queries", "bigint", "Queries that ended"),
        Column("failed", "bigint", "Queries that failed or were cancelled"),
        Column("scanned_bytes", "bigint", "Bytes that they scanned; Athena bills at least 10 MB per query of tables"),
    ),
)


def query_days_log(s3: S3Client, glue: GlueClient, bucket: str) -> OpsLog:
    """Return the log of days."""
    return OpsLog(s3, glue, bucket, QUERY_DAYS, key=("day", "workgroup"), time="day")


def note_query_days(
    s3: S3Client, glue: GlueClient, athena: AthenaClient, bucket: str, workgroups: Iterable[str]
) -> int:
    """Record all days from the newest recorded one on; return the number of new or changed rows.

    Raises ClientError.
    """
    log = query_days_log(s3, glue, bucket)
    since = log.newest()
    return log.merge(row for workgroup in workgroups for row in query_days(athena, workgroup, since))


def query_days(
    client: AthenaClient, workgroup: str, since: str = "", today: date | None = None, most: int = MOST_QUERIES
) -> list[Row]:
    """Return rows of :data:`QUERY_DAYS` for the days from ``since`` (``YYYY-MM-DD``), at most forty days back.

    Reads the newest ``most`` queries. If there are more, the oldest day read is incomplete and is omitted with a
    warning. If all queries read belong to one day, its row counts only these.
    """
    first = (today or datetime.now(UTC).date()) - KEPT
    first = max(first, date.fromisoformat(since)) if since else first
    executions = list(islice(_executions(client, workgroup, first), most + 1))
    rows = rows_of(workgroup, executions[:most])
    if len(executions) <= most:
        return rows
    day = rows[0]["day"] if rows else "the newest day"
    logging.getLogger(__name__).warning(_CUT, workgroup, most, day)
    return rows[1:] or rows


def rows_of(workgroup: str, executions: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return the daily sums of executions, which have the format of Athena's BatchGetQueryExecution."""
    days: dict[str, dict[str, Any]] = {}
    for execution in executions:
        state = execution["Status"]["State"]
        if state in ACTIVE:
            continue
        day = _day(execution).isoformat()
        empty = {"day": day, "workgroup": workgroup, "queries": 0, "failed": 0, "scanned_bytes": 0}
        row = days.setdefault(day, empty)
        row["queries"] += 1
        row["failed"] += state != SUCCEEDED
        row["scanned_bytes"] += execution.get("Statistics", {}).get("DataScannedInBytes", 0)
    return [days[day] for day in sorted(days)]


def _executions(client: AthenaClient, workgroup: str, first: date) -> Iterator[Any]:
    """Yield executions from the day ``first`` on, newest first."""
    pages = client.get_paginator("list_query_executions").paginate(
        WorkGroup=workgroup, PaginationConfig={"PageSize": PAGE}
    )
    for page in pages:
        ids = page["QueryExecutionIds"]
        executions = client.batch_get_query_execution(QueryExecutionIds=ids)["QueryExecutions"] if ids else []
        yield from (execution for execution in executions if _day(execution) >= first)
        if any(_day(execution) < first for execution in executions):
            return


def _day(execution: Mapping[str, Any]) -> date:
    sent: datetime = execution["Status"]["SubmissionDateTime"]
    return sent.astimezone(UTC).date()
