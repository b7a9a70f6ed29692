"""Marts as views in Athena."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from estrela.errors import LoadError
from estrela.model.table import Mart

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient

DEADLINE_SECONDS = 120
POLL_SECONDS = 0.1


class Views(Protocol):
    """What publishing needs: a place where a mart becomes a view."""

    def create(self, database: str, marts: Sequence[Mart]) -> None:
        """Make the views say what the marts declare."""


@dataclass(frozen=True)
class AthenaViews:
    """Views created through Athena; ``output`` is the ``s3://`` folder of its query results."""

    client: AthenaClient
    output: str
    sleep: Callable[[float], None] = time.sleep

    def create(self, database: str, marts: Sequence[Mart]) -> None:
        """Create or replace the views ``database.<mart>``, all at once. Raises LoadError with Athena's own reason."""
        for mart, query in [(mart, self._start(view_statement(database, mart))) for mart in marts]:
            status = self._ended(query, mart)
            if status["State"] != "SUCCEEDED":
                problem = f"Athena ended {status['State']}: {status['StateChangeReason'] or 'no reason given'}"
                raise LoadError(f"{database}.{mart.name}", problem)

    def _start(self, statement: str) -> str:
        started = self.client.start_query_execution(
            QueryString=statement, ResultConfiguration={"OutputLocation": self.output}
        )
        return started["QueryExecutionId"]

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
