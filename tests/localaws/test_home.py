"""The lock of a home folder."""

from __future__ import annotations

import threading
from pathlib import Path

from localaws.home import Home


def test_asking_for_the_running_server_does_not_refuse_a_starting_one(tmp_path: Path) -> None:
    """The file lock belongs to an open file, so threads disturb each other here as processes do."""
    home, ended = Home(tmp_path), threading.Event()
    home.acquire_and_release()

    def ask() -> None:
        while not ended.wait(0.0001):
            Home(tmp_path).read_record()

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(1_000):
            home.acquire_and_release()
    finally:
        ended.set()
        asking.join()
    assert not home.is_locked()
