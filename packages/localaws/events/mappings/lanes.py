"""Lanes of a shard: each reads the keys that fall to it, from a position of its own."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

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
        """The name of its position."""
        return f"{self.shard}#{self.index}" if self.count > 1 else self.shard

    def takes(self, key: str) -> bool:
        """Return whether records of a key fall to this lane."""
        return self.count == 1 or zlib.crc32(key.encode()) % self.count == self.index


def lanes_of(shard: str, count: int) -> list[Lane]:
    """Every lane of a shard."""
    return [Lane(shard, index, count) for index in range(count)]


def arrange(documents: Documents, mapping: str, lanes: list[Lane]) -> None:
    """Store a position for each lane of a shard: where their number changed, that of the lane that was behind all."""
    names = {lane.name for lane in lanes}
    with documents.transaction():
        if not documents.get(MAPPING, mapping):
            return
        stored = documents.named(POSITION, mapping)
        before = {name: int(body["after"]) for name, body in stored.items() if name.split("#")[0] == lanes[0].shard}
        if not names <= before.keys():
            after = min(before.values(), default=0)
            for name in names:
                documents.put(POSITION, mapping, name, {"after": after})
        for name in before.keys() - names:
            documents.delete(POSITION, mapping, name)
