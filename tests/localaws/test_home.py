"""The lock of a home folder."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from localaws.errors import HomeNotWritableError
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


def test_a_lock_that_cannot_be_opened_is_no_free_one(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()

    assert Home(tmp_path).is_locked()
    with pytest.raises(HomeNotWritableError, match=f"home folder {tmp_path} is not writable \\(Is a directory\\)"):
        Home(tmp_path).acquire()
