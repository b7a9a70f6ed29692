"""Kinesis: moto's streams, whose records are stored as they arrive and read for as long as they are kept."""

from __future__ import annotations

from localaws.kinesis.keeper import KinesisKeeper, open_kinesis

__all__ = ["KinesisKeeper", "open_kinesis"]
