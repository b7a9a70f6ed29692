"""Log lines are JSON objects."""

from __future__ import annotations

import io
import json

import pytest

from estrela.logger import Logger


def test_a_line_is_one_json_object_with_its_fields() -> None:
    stream = io.StringIO()
    log = Logger.to(stream, run_key="k")
    log.bind(source="fees").event("extracted", asked=2)
    Logger().warning("um aviso\nçom linhas")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert first.pop("time").endswith("+00:00")
    assert first == {"level": "INFO", "message": "extracted", "run_key": "k", "source": "fees", "asked": 2}
    assert (second["level"], second["message"], second["run_key"]) == ("WARNING", "um aviso\nçom linhas", "k")


def test_a_bound_logger_leaves_the_other_as_it_was() -> None:
    stream = io.StringIO()
    log = Logger.to(stream)
    log.bind(source="fees").bind(source="groups", page=1).event("a")
    log.event("b")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["source"], first["page"], "source" in second) == ("groups", 1, False)


def test_lines_are_written_once_however_often_logging_is_set_up(capsys: pytest.CaptureFixture[str]) -> None:
    Logger.to()
    Logger.to().event("once")
    assert capsys.readouterr().out.count("once") == 1
