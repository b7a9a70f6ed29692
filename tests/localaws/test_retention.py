"""Records of streams: readable for their retention, gone after it, and their numbers never come again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from localaws.dynamodb import storage
from localaws.dynamodb.storage import Storage
from localaws.kinesis import log
from localaws.kinesis.log import RecordLog

HOUR = 3600.0


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let hours pass on the clock of both kinds of streams."""
    now = [1_750_000_000.0]
    for module in (storage, log):
        monkeypatch.setattr(module.time, "time", lambda: now[0])

    def wait(hours: float) -> None:
        now[0] += hours * HOUR

    return wait


def test_records_of_a_table_are_read_for_24_hours(tmp_path: Path, pass_time: Callable[[float], None]) -> None:
    file = Storage(tmp_path / "items.db")
    file.store([], [("stream", {"n": 1})])
    pass_time(23)
    file.store([], [("stream", {"n": 2})])
    assert [row.record for row in file.records("stream", 0, 9)] == [{"n": 1}, {"n": 2}]
    pass_time(1.01)
    assert [row.record for row in file.records("stream", 0, 9)] == [{"n": 2}]
    pass_time(24)
    file.close()
    again = Storage(tmp_path / "items.db")
    again.store([], [("stream", {"n": 3})])
    assert [(row.number, row.record) for row in again.records("stream", 0, 9)] == [(3, {"n": 3})]
    again.close()


def test_records_of_kinesis_are_read_as_long_as_their_stream_keeps_them(
    tmp_path: Path, pass_time: Callable[[float], None]
) -> None:
    file = RecordLog(tmp_path / "records.db")
    start = log.time.time()
    file.add("shard", "k", "1", "first")
    pass_time(25)
    number = file.add("shard", "k", "1", "second")

    def read(retention: float) -> list[str]:
        return [row.data for row in file.read("shard", 0, start + (25 - retention) * HOUR, 9)]

    assert (read(24), read(48)) == (["second"], ["first", "second"])
    pass_time(366 * 24)
    file.close()
    again = RecordLog(tmp_path / "records.db")
    assert again.read("shard", 0, 0, 9) == []
    assert again.add("shard", "k", "1", "third") == number + 1
    again.close()
