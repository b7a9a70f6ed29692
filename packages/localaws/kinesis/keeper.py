"""Stores Kinesis: records in the log, streams with moto's state."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from localaws.kinesis.backend import install
from localaws.kinesis.log import RecordLog

_PUTS = frozenset({"PutRecord", "PutRecords"})


class KinesisKeeper:
    """Stores Kinesis; ``save_streams`` runs a block and then stores the definitions of streams."""

    def __init__(self, log: RecordLog, save_streams: Callable[[], AbstractContextManager[None]]) -> None:
        self.log = log
        self._save_streams = save_streams

    def reading(self, operation: str) -> AbstractContextManager[None]:
        """Run a block that only reads."""
        return nullcontext()

    def changing(self, operation: str) -> AbstractContextManager[None]:
        """Run a block that changes streams, then store them. Records are stored at once when they are put."""
        return nullcontext() if operation in _PUTS else self._save_streams()


def open_kinesis(folder: Path, save_streams: Callable[[], AbstractContextManager[None]]) -> KinesisKeeper:
    """Open Kinesis with its file in ``folder``. Call this before moto's first request to it."""
    log = RecordLog(folder / "kinesis.db")
    install(log)
    return KinesisKeeper(log, save_streams)
