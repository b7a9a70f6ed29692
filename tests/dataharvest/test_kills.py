"""kill -9 just before any statement, and before or after any call of AWS: repeated events repair everything."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from harvest_world import CREDENTIALS, SAMPLE, SAMPLE_MESSAGES, World
from moto.server import ThreadedMotoServer

CHILD = [sys.executable, str(Path(__file__).parent / "dying_process.py")]
ROOT = Path(__file__).parents[2]
PARTS = 4
"""Tests over which the effects are spread, so that each takes a minute."""


@pytest.fixture(scope="module")
def shared(new_world: Callable[[], Any]) -> Iterator[World]:
    """A world whose AWS can also be reached by other processes."""
    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        with new_world() as world:
            yield world
    server.stop()


def environment(world: World) -> dict[str, str]:
    path = os.pathsep.join([str(ROOT / "packages"), str(Path(__file__).parent)])
    endpoint = {"AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"]}
    return {**os.environ, **CREDENTIALS, **world.environment, **endpoint, "PYTHONPATH": path}


@pytest.fixture(scope="module")
def process(shared: World) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        CHILD, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(shared)
    ) as running:
        yield running
        assert running.stdin
        running.stdin.close()


def run(process: subprocess.Popen[str], client: str, effect: int | str) -> int:
    assert process.stdin and process.stdout
    process.stdin.write(f"{client} {effect}\n")
    process.stdin.flush()
    return int(process.stdout.readline())


def kill_and_heal(world: World, process: subprocess.Popen[str], effect: int | str) -> None:
    client = f"killed-{effect}".replace(" ", "-")
    world.upload_all(SAMPLE, client)
    assert run(process, client, effect) == -9
    assert run(process, client, -1) == 0
    sent = [message for message in world.received() if message.attributes["external_client"] == client]
    assert [message.body for message in sent] == SAMPLE_MESSAGES, effect
    assert len({message.key for message in sent}) == 4


@pytest.mark.parametrize("effect", ["before PutItem", "before UpdateItem", "after SendMessageBatch messages.fifo"])
def test_a_killed_process_leaves_what_the_next_one_completes(
    shared: World, process: subprocess.Popen[str], effect: str
) -> None:
    """Rows of a file and of a step are committed without their flag; messages are sent but not marked as sent."""
    kill_and_heal(shared, process, effect)


@pytest.fixture(scope="module")
def effects(shared: World) -> range:
    """Numbers of the effects that the work on a delivery has."""
    shared.upload_all(SAMPLE, "counted")
    counted = subprocess.run([*CHILD, "counted"], env=environment(shared), check=True, capture_output=True, text=True)
    return range(int(counted.stdout))


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_a_kill_before_any_effect_is_healed(
    shared: World, process: subprocess.Popen[str], effects: range, part: int
) -> None:
    assert len(effects) > 100
    for effect in effects[part::PARTS]:
        kill_and_heal(shared, process, effect)
