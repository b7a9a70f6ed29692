"""Kinesis: moto's streams, with records that are stored on arrival and can be read during their retention."""

from __future__ import annotations

from localaws.kinesis.keeper import KinesisKeeper, open_kinesis

__all__ = ["KinesisKeeper", "open_kinesis"]
