"""Log lines are JSON objects."""

from __future__ import annotations

import io
import json

import pytest

from estrela import logger


def test_a_line_is_one_json_object_with_its_facts() -> None:
    stream = io.StringIO()
    logger.log_to(stream, context={"run_key": "k"})
    logger.event("extracted", source="fees", asked=2)
    logger.warning("um aviso\nçom linhas")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert first.pop("time").endswith("+00:00")
    assert first == {"level": "INFO", "message": "extracted", "run_key": "k", "source": "fees", "asked": 2}
    assert (second["level"], second["message"]) == ("WARNING", "um aviso\nçom linhas")


def test_lines_are_written_once_however_often_logging_is_set_up(capsys: pytest.CaptureFixture[str]) -> None:
    logger.log_to()
    logger.log_to()
    logger.event("once")
    assert capsys.readouterr().out.count("once") == 1
