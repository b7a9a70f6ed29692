"""Lanes of a shard: each reads the records of its share of the keys, and has its own position."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localaws.events.mappings.calls import MAPPING, POSITION
from localaws.functions.documents import Documents


@dataclass(frozen=True)
class Lane:
    """Lane ``index`` of ``count`` lanes of a shard."""

    shard: str
    index: int
    count: int

    @property
    def name(self) -> str:
        """The name under which its position is stored."""
        return f"{self.shard}#{self.index}" if self.count > 1 else self.shard

    def takes(self, key: str) -> bool:
        """Return whether records with this key belong to this lane."""
        return _index(key, self.count) == self.index


@dataclass(frozen=True)
class Position:
    """Progress of a lane: all its records up to number ``after`` are done.

    ``taken`` is the progress from before the number of lanes changed: for each earlier number of lanes, the positions
    of those lanes by index.
    """

    after: int = 0
    taken: tuple[tuple[int, ...], ...] = ()

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Position:
        """Return the position stored in the dictionary of :meth:`document`."""
        return cls(int(document["after"]), tuple(tuple(lanes) for lanes in document.get("taken", ())))

    def document(self) -> dict[str, Any]:
        """Return the position as a dictionary to store."""
        return {"after": self.after, **({"taken": self.taken} if self.taken else {})}

    def is_done(self, key: str, number: int) -> bool:
        """Return whether a record was already processed by a lane from before the number of lanes changed."""
        return any(number <= lanes[_index(key, len(lanes))] for lanes in self.taken)

    def moved(self, after: int) -> Position:
        """Return the position advanced to ``after``, without the earlier lanes that it has passed."""
        return Position(after, tuple(lanes for lanes in self.taken if max(lanes) > after))


def _index(key: str, count: int) -> int:
    return zlib.crc32(key.encode()) % count


def lanes_of(shard: str, count: int) -> list[Lane]:
    """Return every lane of a shard."""
    return [Lane(shard, index, count) for index in range(count)]


def arrange(documents: Documents, mapping: str, lanes: list[Lane]) -> None:
    """Store a position for each lane of a shard. If their number changed, it contains the progress of earlier lanes."""
    names = {lane.name for lane in lanes}
    with documents.transaction():
        if not documents.get(MAPPING, mapping):
            return
        stored = documents.named(POSITION, mapping)
        before = {name: Position.read(body) for name, body in stored.items() if name.split("#")[0] == lanes[0].shard}
        if names != before.keys():
            handed_over = _first_position([before[name] for name in sorted(before, key=_index_of_name)])
            for name in names:
                documents.put(POSITION, mapping, name, handed_over.document())
        for name in before.keys() - names:
            documents.delete(POSITION, mapping, name)


def _first_position(before: Sequence[Position]) -> Position:
    """Return the first position of lanes that replace the lanes at ``before``, which are sorted by index."""
    if not before:
        return Position()
    after = tuple(position.after for position in before)
    earlier = dict.fromkeys(lanes for position in before for lanes in position.taken)
    return Position(min(after), (*earlier, after)).moved(min(after))


def _index_of_name(name: str) -> int:
    return int(name.partition("#")[2] or 0)
