"""CI workflows: pinned actions, no permissions by default, and only commands that developers can run too."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def jobs(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text())["jobs"])


def targets(command: str) -> list[str]:
    words = command.split()
    assert words[0] == "make", command
    return [word for word in words[1:] if "=" not in word]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_has_no_rights_but_those_of_its_jobs(path: Path) -> None:
    assert yaml.safe_load(path.read_text())["permissions"] == {}
    for name, job in jobs(path).items():
        assert job["permissions"]["contents"] == "read", name
        assert job["timeout-minutes"], name


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_commits_and_leave_no_credentials(path: Path) -> None:
    for job in jobs(path).values():
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"]), step
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"] == {"persist-credentials": False}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_command_is_a_target_of_the_makefile(path: Path) -> None:
    commands = [step["run"] for job in jobs(path).values() for step in job["steps"] if "run" in step]
    assert commands
    for command in commands:
        assert set(targets(command)) <= TARGETS, command


def test_gitlab_runs_the_same_targets() -> None:
    pipeline = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text())
    scripts = {name: job["script"] for name, job in pipeline.items() if isinstance(job, dict) and "script" in job}
    assert set(scripts) == {"test", "dags"}
    for commands in scripts.values():
        assert all(set(targets(command)) <= TARGETS for command in commands)


def test_ci_jobs_have_no_aws_key() -> None:
    text = "".join(path.read_text() for path in [*WORKFLOWS, ROOT / ".gitlab-ci.yml"])
    assert not re.search(r"secrets\.|ACCESS_KEY", text)
