"""The operator's command, with a fake of the Glue calls that it uses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.hooks import HierarchicalEmitter

from estrela.model.star import star_names
from estrela.operate import main

SHA = "a" * 64


class FakeGlue:
    """One run with a given end."""

    meta = SimpleNamespace(endpoint_url="http://127.0.0.1:1", region_name="us-east-1", events=HierarchicalEmitter())

    def __init__(self, state: str = "SUCCEEDED", message: str = "") -> None:
        self.run = {"Id": "jr_1", "JobRunState": state, "ExecutionTime": 7, "ErrorMessage": message}
        self.started: list[dict[str, Any]] = []

    def get_paginator(self, name: str) -> FakeGlue:
        return self

    def paginate(self, *, JobName: str) -> Iterator[dict[str, Any]]:
        yield {"JobRuns": []}

    def start_job_run(self, **call: Any) -> dict[str, str]:
        self.started.append(call)
        return {"JobRunId": "jr_1"}

    def get_job_run(self, *, JobName: str, RunId: str) -> dict[str, Any]:
        return {"JobRun": self.run}


def test_a_rollback_is_one_command(capsys: pytest.CaptureFixture[str]) -> None:
    glue: Any = FakeGlue()
    assert main(["rollback", "--star", "banking", "--lake", "my-lake", "--release", "41"], lambda: glue) == 0
    [call] = glue.started
    key = call["Arguments"].pop("--run_key")
    assert key.startswith("operate/") and key.endswith("/rollback")
    assert call["Arguments"] == {
        "--star": "banking", "--entity": "banking", "--phase": "rollback", "--lake": "my-lake", "--release": "41",
    }  # fmt: skip
    assert capsys.readouterr().out.splitlines()[-1] == "rollback of banking succeeded after 7 s"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (
            ["--star", "nothing"],
            f"rollback: --star: Star: no star is called 'nothing'; allowed: {', '.join(star_names())}",
        ),
        (["--star", "banking", "--file", "x"], "rollback: --file: 'x' is not the sha256 of a file, 64 hexadecimal"),
    ],
)
def test_a_wrong_argument_starts_no_run(words: list[str], error: str, capsys: pytest.CaptureFixture[str]) -> None:
    glue: Any = FakeGlue()
    assert main(["rollback", "--lake", "my-lake", *words], lambda: glue) == 1
    assert capsys.readouterr().err.startswith(error)
    assert glue.started == []


def test_a_file_is_set_aside_for_a_reason_only(capsys: pytest.CaptureFixture[str]) -> None:
    glue: Any = FakeGlue()
    assert main(["quarantine", "--star", "banking", "--lake", "my-lake", "--file", SHA], lambda: glue) == 1
    assert capsys.readouterr().err == "quarantine: --file and --reason: are needed for --phase quarantine\n"
    assert glue.started == []


def test_a_run_that_fails_gives_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    glue: Any = FakeGlue("FAILED", "there is no release before this one")
    command = ["quarantine", "--star", "banking", "--lake", "my-lake", "--file", SHA, "--reason", "it is a draft"]
    assert main(command, lambda: glue) == 1
    assert "is FAILED: there is no release before this one" in capsys.readouterr().err


def test_an_environment_without_region_is_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "estrela.operate", "rollback", "--star", "banking", "--lake", "my-lake"]
    done = subprocess.run(command, check=False, env={"HOME": str(tmp_path)}, capture_output=True, text=True)
    problem = "is not set and no profile names a region; set it to the region of the Glue job"
    assert (done.returncode, done.stderr) == (1, f"rollback: AWS_DEFAULT_REGION: {problem}\n")
