"""Protects a busy Celery worker from being stopped when ECS scales in.

Celery imports this module through its setting ``imports``. A worker requests protection from the ECS agent of its own
container when it receives a task, and releases it after it has been idle for a while.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from celery.signals import task_received, worker_ready
from celery.worker import state

from airflow_on_ecs.health import ALIVE_FILE

MINUTES = 120
PERIOD_SECONDS = 5.0
IDLE_SECONDS = 10.0
"""Idle time after which a worker may be stopped. It is not zero, because a task just being received is not counted."""
TIMEOUT_SECONDS = 5.0

_log = logging.getLogger(__name__)


class TaskProtection:
    """The protection of one ECS task: requested while busy, renewed at half its duration, released when idle."""

    def __init__(self, send: Callable[[bool], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._send = send
        self._clock = clock
        self._lock = threading.Lock()
        self._protected_until = 0.0
        self._idle_since: float | None = None

    def update(self, busy: bool) -> None:
        """Request, renew or release the protection according to ``busy``; the next update retries a failed request."""
        with self._lock:
            try:
                self._update(busy)
            except OSError as error:
                _log.warning("The ECS agent did not change the task's protection: %s", error)

    def _update(self, busy: bool) -> None:
        now = self._clock()
        if busy:
            self._idle_since = None
            if self._protected_until - now < MINUTES * 30:
                self._send(True)
                self._protected_until = now + MINUTES * 60
            return
        if self._idle_since is None:
            self._idle_since = now
        if self._protected_until and now - self._idle_since >= IDLE_SECONDS:
            self._send(False)
            self._protected_until = 0.0


def ask_agent(uri: str, protected: bool) -> None:
    """Set the protection through the endpoint of the ECS agent. Raises OSError with the reason if the agent refuses."""
    body: dict[str, object] = {"ProtectionEnabled": protected}
    if protected:
        body["ExpiresInMinutes"] = MINUTES
    request = urllib.request.Request(  # noqa: S310 - the address is ECS's own
        f"{uri}/task-protection/v1/state",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
        method="PUT",
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - likewise
            reply = json.load(answer)
    except urllib.error.HTTPError as error:
        raise OSError(f"{error.code}: {error.read(500).decode(errors='replace')}") from error
    if reply.get("failure") or reply.get("error"):
        raise OSError(json.dumps(reply.get("failure") or reply["error"]))


def watch(protection: TaskProtection, is_busy: Callable[[], bool], sleep: Callable[[float], None] = time.sleep) -> None:
    """Update the protection as long as the worker lives, and touch the file that the health check reads."""
    while True:
        protection.update(is_busy())
        ALIVE_FILE.touch()
        sleep(PERIOD_SECONDS)


def install(uri: str) -> None:
    """Protect the Celery worker of this process through the agent at ``uri``."""
    protection = TaskProtection(lambda protected: ask_agent(uri, protected))

    def on_received(**_: Any) -> None:
        protection.update(True)

    def on_ready(**_: Any) -> None:
        arguments = (protection, lambda: bool(state.reserved_requests))
        threading.Thread(target=watch, args=arguments, name="task-protection", daemon=True).start()

    task_received.connect(on_received, weak=False)
    worker_ready.connect(on_ready, weak=False)


if "ECS_AGENT_URI" in os.environ:
    install(os.environ["ECS_AGENT_URI"])
