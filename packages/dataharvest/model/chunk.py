"""Chunks of a large file: byte ranges that end at the end of a record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dataharvest.model.delivery import DeliveredObject, FileName


@dataclass(frozen=True)
class Chunk:
    """The bytes ``start`` to ``end`` (exclusive) of a file, and the number of ``lines`` (records) before them."""

    start: int
    end: int
    lines: int


@dataclass(frozen=True)
class Plan:
    """The split of a file into chunks, with the names of its ``columns`` in the order of its header."""

    columns: tuple[str, ...]
    chunks: tuple[Chunk, ...]

    def to_json(self) -> str:
        """Return the plan as text; 10,000 chunks are about 300 KB."""
        chunks = [[chunk.start, chunk.end, chunk.lines] for chunk in self.chunks]
        return json.dumps({"columns": self.columns, "chunks": chunks}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Read the output of :meth:`to_json`."""
        document: Any = json.loads(text)
        return cls(tuple(document["columns"]), tuple(Chunk(*numbers) for numbers in document["chunks"]))


@dataclass(frozen=True)
class ChunkTask:
    """A chunk to be loaded, with its object, its columns and the number of chunks of the file."""

    delivered: DeliveredObject
    columns: tuple[str, ...]
    chunk: Chunk
    chunks: int

    def to_json(self) -> str:
        """Return the text of the message that requests this task."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ChunkTask:
        """Read the output of :meth:`to_json`."""
        document: Any = json.loads(text)
        columns, chunk = tuple(document["columns"]), Chunk(**document["chunk"])
        return cls(DeliveredObject(**document["delivered"]), columns, chunk, int(document["chunks"]))


def content_name(name: FileName, etag: str) -> str:
    """Return the name of one content of a file, which is its key in the table of chunks."""
    return f"{name.external_client}/{name.business_date}/{name.kind.name}/{etag}"


def chunk_id(content: str, chunk: Chunk) -> str:
    """Return the id of a chunk: a digest of the content's name and the range, so it never changes."""
    return hashlib.sha256(f"{content} {chunk.start}-{chunk.end}".encode()).hexdigest()[:32]


def tasks(delivered: DeliveredObject, plan: Plan, chunks: Sequence[Chunk]) -> tuple[ChunkTask, ...]:
    """Return tasks for the given ``chunks`` of a plan."""
    return tuple(ChunkTask(delivered, plan.columns, chunk, len(plan.chunks)) for chunk in chunks)
