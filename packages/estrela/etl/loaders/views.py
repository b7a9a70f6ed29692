"""Marts as views in Athena."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from estrela.errors import LoadError
from estrela.model.table import Mart

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient

DEADLINE_SECONDS = 120
POLL_SECONDS = 0.25


class Views(Protocol):
    """What publishing needs: a place where a mart becomes a view."""

    def create(self, database: str, mart: Mart) -> None:
        """Make the view say what the mart declares."""


@dataclass(frozen=True)
class AthenaViews:
    """Views created through Athena; ``output`` is the ``s3://`` folder of its query results."""

    client: AthenaClient
    output: str
    sleep: Callable[[float], None] = time.sleep

    def create(self, database: str, mart: Mart) -> None:
        """Create or replace the view ``database.<mart>``. Raises LoadError with Athena's own reason."""
        run = self.client.start_query_execution(
            QueryString=view_statement(database, mart), ResultConfiguration={"OutputLocation": self.output}
        )
        status = self._ended(run["QueryExecutionId"], mart)
        if status["State"] != "SUCCEEDED":
            problem = f"Athena ended {status['State']}: {status.get('StateChangeReason', 'no reason given')}"
            raise LoadError(f"{database}.{mart.name}", problem)

    def _ended(self, query: str, mart: Mart) -> dict[str, str]:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            found = self.client.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
            if found["State"] not in ("QUEUED", "RUNNING"):
                return {"State": found["State"], "StateChangeReason": found.get("StateChangeReason", "")}
            self.sleep(POLL_SECONDS)
        raise LoadError(mart.name, f"Athena did not create the view within {DEADLINE_SECONDS} s; query {query}")


def view_statement(database: str, mart: Mart) -> str:
    """The statement that creates or replaces the view."""
    return f"CREATE OR REPLACE VIEW {database}.{mart.name} AS\n{mart.query(database)}"
