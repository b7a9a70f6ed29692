"""Files of log events: new events are added to them, and a killed or failed write leaves the earlier ones."""

from __future__ import annotations

import errno
import pickle
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from moto.logs.models import LogEvent

from localaws.errors import HomeStateError
from localaws.log_events import LogEvents


class Stream(SimpleNamespace):
    """A log stream as far as it is stored; unlike a plain namespace, it can be a key."""

    __hash__ = object.__hash__


def stream(*messages: str) -> Any:
    return Stream(arn="arn:aws:logs:::s", events=[event(message) for message in messages])


def event(message: str) -> LogEvent:
    return LogEvent(1, {"timestamp": 2, "message": message})


def loaded(folder: Path) -> list[str]:
    again = stream()
    LogEvents(folder).load([again])
    return [event.message for event in again.events]


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_a_save_adds_only_the_new_events(tmp_path: Path) -> None:
    events, changed = LogEvents(tmp_path), stream("a", "b")
    events.save([changed])
    before = only_file(tmp_path).read_bytes()
    changed.events.append(event("c"))
    events.save([changed])
    after = only_file(tmp_path).read_bytes()
    assert after.startswith(before)
    assert [row[2] for row in pickle.loads(after[len(before) :])] == ["c"]
    events.save([changed])
    assert only_file(tmp_path).read_bytes() == after
    assert loaded(tmp_path) == ["a", "b", "c"]


def test_events_are_added_to_those_of_an_earlier_server(tmp_path: Path) -> None:
    LogEvents(tmp_path).save([stream("a")])
    events, again = LogEvents(tmp_path), stream()
    events.load([again])
    again.events.append(event("b"))
    events.save([again])
    assert loaded(tmp_path) == ["a", "b"]


def test_a_new_stream_replaces_the_file_of_a_deleted_one(tmp_path: Path) -> None:
    events, old, new = LogEvents(tmp_path), stream("a"), stream()
    events.save([old])
    events.save([new])
    assert loaded(tmp_path) == []


def test_an_unfinished_write_of_a_killed_server_is_deleted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    events, changed = LogEvents(tmp_path), stream("a")
    events.save([changed])
    whole = only_file(tmp_path).read_bytes()
    changed.events.append(event("b"))
    events.save([changed])
    path = only_file(tmp_path)
    both = path.read_bytes()
    for size in range(len(whole) + 1, len(both)):
        path.write_bytes(both[:size])
        assert loaded(tmp_path) == ["a"]
        assert path.read_bytes() == whole
        assert caplog.messages == [f"{path}: deleted {size - len(whole)} bytes of an unfinished write"]
        caplog.clear()


def test_a_file_that_is_no_pickle_is_an_error(tmp_path: Path) -> None:
    LogEvents(tmp_path).save([stream("a")])
    only_file(tmp_path).write_bytes(b"other")
    with pytest.raises(HomeStateError, match=str(only_file(tmp_path))):
        loaded(tmp_path)
    assert only_file(tmp_path).read_bytes() == b"other"


class FullDisk:
    """A file of which only the first bytes of a write reach the disk."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.tell, self.truncate = file.tell, file.truncate
        self._writes = 0

    def __enter__(self) -> FullDisk:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, data: bytes) -> int:
        self._writes += 1
        if self._writes > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return int(self._file.write(data[:10]))


def test_a_full_disk_leaves_the_events_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events, changed = LogEvents(tmp_path), stream("a")
    events.save([changed])
    before = only_file(tmp_path).read_bytes()
    changed.events.append(event("b"))
    original: Callable[..., Any] = Path.open
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", lambda path, *args, **options: FullDisk(original(path, *args, **options)))
        with pytest.raises(OSError, match="No space left"):
            events.save([changed])
    assert only_file(tmp_path).read_bytes() == before
    events.save([changed])
    assert loaded(tmp_path) == ["a", "b"]
