"""Records of the work and cost of Glue and Athena, written after every run, even after a failed run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta

from estrela.airflow.connection import Connection

LONGEST = timedelta(minutes=5)
"""Time limit of each task that does not run a Glue job. Missing records are written after the next run."""


def note_work(connection: Mapping[str, str]) -> dict[str, int]:
    """Record finished Glue runs and the bytes that Athena scanned; return the number of changed rows per table.

    A table that cannot be recorded is left out with a warning in the log, so that this never fails a load.
    """
    tables: tuple[tuple[str, Callable[[Connection], int]], ...] = (("job_runs", _job_runs), ("query_days", _query_days))
    return {table: count for table, note in tables if (count := _noted(table, note, connection)) is not None}


def _noted(table: str, note: Callable[[Connection], int], connection: Mapping[str, str]) -> int | None:
    try:
        return note(Connection.of(connection))
    except Exception as error:  # noqa: BLE001 - whatever happens here must not reach the load
        logging.getLogger(__name__).warning("%s was not recorded: %s: %s", table, type(error).__name__, error)
        return None


def _job_runs(reached: Connection) -> int:
    from estrela.etl.telemetry.job_runs import note_job_runs

    s3, glue = reached.client("s3"), reached.client("glue")
    jobs = [job for job in (reached.glue_job, reached.feed_glue_job) if job]
    return sum(note_job_runs(s3, glue, reached.lake, job) for job in jobs)


def _query_days(reached: Connection) -> int:
    from estrela.etl.telemetry.query_days import note_query_days

    s3, glue, athena = (reached.client(service) for service in ("s3", "glue", "athena"))
    return note_query_days(s3, glue, athena, reached.lake, reached.athena_workgroups)
