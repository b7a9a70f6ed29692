"""Scale-in protection of a Celery worker, with a stand-in for the endpoint of the ECS agent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ecs_agent import Agent, serving

from airflow_on_ecs.task_protection import IDLE_SECONDS, MINUTES, TaskProtection, ask_agent

APP = """
import time
from pathlib import Path
from celery import Celery

app = Celery("tasks", broker="filesystem://")
app.conf.update(imports=["airflow_on_ecs.task_protection"], worker_hijack_root_logger=False,
    broker_transport_options={name: "queue" for name in ("data_folder_in", "data_folder_out")},
    worker_enable_remote_control=False, task_acks_late=False)

@app.task(name="work")
def work():
    Path("started").touch()
    time.sleep(3)
    Path("ended").touch()
"""


@pytest.fixture
def agent() -> Iterator[Agent]:
    with serving() as server:
        yield server


def test_a_busy_worker_is_protected_renewed_at_half_the_time_and_given_up_when_idle() -> None:
    sent: list[tuple[float, bool]] = []
    now = 0.0
    protection = TaskProtection(lambda on: sent.append((now, on)), lambda: now)
    for now in (0.0, 5.0, MINUTES * 30 + 5.0):  # noqa: B007 - the clock reads it
        protection.update(busy=True)
    idle = MINUTES * 30 + 10.0
    for now in (idle, idle + IDLE_SECONDS - 1, idle + IDLE_SECONDS, idle + 60):  # noqa: B007 - likewise
        protection.update(busy=False)
    assert sent == [(0.0, True), (MINUTES * 30 + 5.0, True), (idle + IDLE_SECONDS, False)]


def test_an_idle_worker_that_was_never_busy_asks_for_nothing() -> None:
    sent: list[bool] = []
    protection = TaskProtection(sent.append, lambda: 1000.0)
    protection.update(busy=False)
    protection.update(busy=False)
    assert sent == []


def test_a_request_that_failed_is_made_again(caplog: pytest.LogCaptureFixture) -> None:
    answers = iter([OSError("throttled"), None])

    def send(_: bool) -> None:
        answer = next(answers)
        if answer:
            raise answer

    protection = TaskProtection(send, lambda: 0.0)
    protection.update(busy=True)
    protection.update(busy=True)
    assert next(answers, "none left") == "none left"
    assert "The ECS agent did not change the task's protection: throttled" in caplog.text


def test_the_agent_is_asked_in_its_own_words(agent: Agent) -> None:
    ask_agent(agent.uri, True)
    ask_agent(agent.uri, False)
    path = "/api/0123/task-protection/v1/state"
    assert agent.requests == [
        (path, {"ProtectionEnabled": True, "ExpiresInMinutes": MINUTES}),
        (path, {"ProtectionEnabled": False}),
    ]


@pytest.mark.parametrize(
    "refusal", [{"failure": {"Reason": "DEPLOYMENT_BLOCKED"}}, {"error": {"Code": "AccessDenied"}}]
)
def test_a_refusal_is_told_with_its_reason(agent: Agent, refusal: dict[str, Any]) -> None:
    agent.refusal = refusal
    with pytest.raises(OSError, match=next(iter(next(iter(refusal.values())).values()))):
        ask_agent(agent.uri, True)


@pytest.mark.slow
def test_a_worker_that_is_told_to_stop_has_asked_for_protection_and_ends_its_task_first(
    agent: Agent, tmp_path: Path
) -> None:
    """A real Celery worker, with a broker of files."""
    (tmp_path / "tasks.py").write_text(APP)
    (tmp_path / "queue").mkdir()
    env = {**os.environ, "ECS_AGENT_URI": agent.uri, "PYTHONPATH": str(tmp_path)}
    celery = [sys.executable, "-m", "celery", "-A", "tasks"]
    subprocess.run([*celery, "call", "work"], cwd=tmp_path, env=env, check=True, capture_output=True, timeout=60)
    options = ["worker", "--concurrency", "1", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    with subprocess.Popen(
        [*celery, *options], cwd=tmp_path, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as worker:
        try:
            deadline = time.monotonic() + 120
            while not (tmp_path / "started").exists():
                assert time.monotonic() < deadline
                time.sleep(0.05)
            assert [body["ProtectionEnabled"] for _, body in agent.requests] == [True]
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(timeout=60) == 0
        finally:
            worker.kill()
    assert (tmp_path / "ended").exists()
