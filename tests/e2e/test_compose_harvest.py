"""DataHarvest's demo in its own container of docker-compose.yml, from a clean clone of HEAD."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_compose import METABASE, UP_SECONDS, cloned

from metabase.files import load

pytestmark = [pytest.mark.slow, pytest.mark.docker]

RUN = ("--profile", "harvest", "run", "--build", "--rm", "--no-TTY", "--env", "TRANSACTIONS=20000", "harvest")
CLIENTS = "SELECT string_agg(DISTINCT external_client, ' ' ORDER BY external_client) FROM dataharvest.delivery"


def test_the_container_of_dataharvest_ends_with_every_message_right(engine: dict[str, str], tmp_path: Path) -> None:
    """And the dashboard "Deliveries" has rows: its questions are asked of the database that Metabase reads."""
    stack = cloned(tmp_path / "estrela", engine)
    try:
        printed = stack.compose(*RUN, seconds=UP_SECONDS)
        delivered = stack.sql("warehouse", "dataharvest", CLIENTS)
        questions = {question.key: question.sql for question in load(METABASE / "deliveries").questions}
        rows = {key: stack.sql("warehouse", "dataharvest", sql) for key, sql in questions.items()}
    finally:
        stack.compose("--profile", "harvest", "down", "--volumes", "--timeout", "20", check=False)
    assert "Every client and portfolio has exactly one valid message, and DuckDB computes the same values." in printed
    assert delivered == "great north south"
    assert [key for key, answer in rows.items() if not answer] == []
