"""The logs of Glue runs: the command that prints one, and the figures that a step logged."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from estrela.errors import EstrelaError

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

LOG_GROUP, OUTPUT, ERROR = "/aws-glue/jobs", "output", "error"
AWS = ".amazonaws."
"""Occurs in every endpoint of AWS itself."""
DONE = "done"
"""The last event that every step logs, with its figures."""
NEWEST = 100
"""Number of last lines of a log that are searched for that event."""
ABOUT = ("time", "level", "message", "step", "root", "job", "run_key")
"""Fields of the event that are not figures."""
WORDS = {
    "registered": "files registered",
    "extracted": "rows extracted",
    "new_files": "new files",
    "files": "files",
    "files_failed": "files that failed",
    "rows_in": "rows in",
    "rows_loaded": "loaded",
    "rows_rejected": "rejected",
    "given_back": "files released from dead runs",
    "source_keys": "keys compared",
    "deleted": "rows deleted",
    "archived": "files archived",
    "built": "tables built",
    "published": "tables published",
    "release": "release",
    "tables": "tables maintained",
    "snapshots_expired": "snapshots expired",
    "files_compacted": "small files merged",
    "orphans_removed": "files without a snapshot removed",
    "answers_retired": "raw answers retired",
}
"""Figures that a sentence mentions, in this order; ``unchanged`` and the rest are only in the record."""


class LogUnreadableError(EstrelaError):
    """CloudWatch Logs did not return a log: ``group``, ``stream`` and the ``reason``."""

    def __init__(self, group: str, stream: str, reason: str) -> None:
        self.group, self.stream, self.reason = group, stream, reason
        super().__init__(f"log group {group}, stream {stream}: {reason}")


@dataclass(frozen=True)
class GlueLogs:
    """The logs of the runs that write to ``group``."""

    client: CloudWatchLogsClient
    group: str = LOG_GROUP

    def figures(self, run_id: str) -> dict[str, object]:
        """Return the figures of the run's last step; empty if it logged none. Raises LogUnreadableError."""
        group = f"{self.group}/{OUTPUT}"
        try:
            events = self.client.get_log_events(
                logGroupName=group, logStreamName=run_id, startFromHead=False, limit=NEWEST
            )["events"]
        except (ClientError, BotoCoreError) as error:
            raise LogUnreadableError(group, run_id, str(error)) from error
        return figures_in([event["message"] for event in events])


def log_command(region: str, group: str, run_id: str, aws: str) -> str:
    """Return a shell command that prints the run's log; ``aws`` is the reader's AWS CLI command."""
    stream = f"--log-stream-names {quote(run_id)} --since 30d --format short --region {region}"
    return f"{aws} logs tail {quote(group)} {stream}"


def aws_command(endpoint: str) -> str:
    """Return the AWS CLI command for ``endpoint``, which uses the credentials of the shell."""
    return "aws" if AWS in endpoint else f"aws --endpoint-url {quote(endpoint)}"


def figures_in(lines: Iterable[str]) -> dict[str, object]:
    """Return the figures of the newest ``done`` event among the ``lines`` of a log."""
    newest: Mapping[str, object] = {}
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue  # a line of Spark or of Python's warnings, which is no event of the platform
        if isinstance(event, dict) and event.get("message") == DONE:
            newest = event
    return {name: value for name, value in newest.items() if name not in ABOUT}


def sentence(figures: Mapping[str, object]) -> str:
    """Return the figures as a sentence: ``rows in 1,234, loaded 1,230, rejected 4``; "" if it would be empty."""
    return ", ".join(f"{words} {_text(figures[name])}" for name, words in WORDS.items() if name in figures)


def _text(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"{len(value)}" + (f" ({', '.join(map(str, value))})" if value else "")
    return f"{value:,}" if isinstance(value, int) else str(value)
