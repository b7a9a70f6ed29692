"""DataHarvest's demo in its own container of docker-compose.yml, from a clean clone of HEAD."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_compose import UP_SECONDS, cloned

pytestmark = [pytest.mark.slow, pytest.mark.docker]


def test_the_container_of_dataharvest_ends_with_every_message_right(engine: dict[str, str], tmp_path: Path) -> None:
    stack = cloned(tmp_path / "estrela", engine)
    try:
        printed = stack.compose(
            "--profile", "harvest", "run", "--build", "--rm", "--no-TTY", "--env", "TRANSACTIONS=20000", "harvest",
            seconds=UP_SECONDS,
        )  # fmt: skip
    finally:
        stack.compose("--profile", "harvest", "down", "--volumes", "--timeout", "20", check=False)
    assert "Every client and portfolio has exactly one valid message, and DuckDB computes the same." in printed
