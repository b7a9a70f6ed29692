"""Changes of items since the last commit, and the stream records for them."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any

from localaws.dynamodb.item_size import item_size
from localaws.dynamodb.storage import ItemRow, as_text, from_text


@dataclass(frozen=True)
class Change:
    """One change of one item; ``before`` and ``after`` are JSON texts, or None."""

    table: Any
    key: str
    before: str | None
    after: str | None


def text_of(item: Any) -> str | None:
    """Return moto's item as JSON text, or None without an item."""
    return None if item is None else as_text(item.to_json()["Attributes"])


def key_of(table: Any, attributes: dict[str, Any]) -> str:
    """Return the key of an item as text, from its attributes."""
    names = [name for name in (table.hash_key_attr, table.range_key_attr) if name]
    return as_text([attributes.get(name) for name in names])


class ChangeLog:
    """Changes in order. A thread that changes DynamoDB must hold the lock of the service."""

    def __init__(self) -> None:
        self._changes: list[Change] = []
        self.depth = 0

    def __len__(self) -> int:
        return len(self._changes)

    def add(self, change: Change) -> None:
        """Log a change, unless the item is the same before and after."""
        if change.before != change.after:
            self._changes.append(change)

    def drop_after(self, number: int) -> None:
        """Delete all changes after the first ``number``, because they were undone."""
        del self._changes[number:]

    def take(self) -> list[Change]:
        """Return the changes and clear the log."""
        taken, self._changes = self._changes, []
        return taken


def rows_of(changes: list[Change]) -> list[ItemRow]:
    """Return each changed item once, as it is after all changes."""
    last = {(change.table.table_arn, change.key): change.after for change in changes}
    return [ItemRow(arn, key, item) for (arn, key), item in last.items()]


def records_of(changes: list[Change]) -> list[tuple[str, dict[str, Any]]]:
    """Return stream ARN and record of each change of a table that has a stream."""
    return [
        (stream_arn(change.table), _record(change))
        for change in changes
        if (change.table.stream_specification or {}).get("StreamEnabled")
    ]


def stream_arn(table: Any) -> str:
    """Return the ARN of a table's latest stream."""
    return f"{table.table_arn}/stream/{table.latest_stream_label}"


def _record(change: Change) -> dict[str, Any]:
    table, kind = change.table, change.table.stream_specification["StreamViewType"]
    before = from_text(change.before) if change.before else None
    after = from_text(change.after) if change.after else None
    present = after or before or {}
    names = [name for name in (table.hash_key_attr, table.range_key_attr) if name]
    content: dict[str, Any] = {
        "ApproximateCreationDateTime": float(int(time.time())),
        "Keys": {name: present[name] for name in names},
    }
    if after is not None and kind in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES"):
        content["NewImage"] = after
    if before is not None and kind in ("OLD_IMAGE", "NEW_AND_OLD_IMAGES"):
        content["OldImage"] = before
    content["SizeBytes"] = sum(item_size(content[name]) for name in ("Keys", "NewImage", "OldImage") if name in content)
    content["StreamViewType"] = kind
    return {
        "eventID": uuid.uuid4().hex,
        "eventName": "INSERT" if before is None else "REMOVE" if after is None else "MODIFY",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": table.region_name,
        "dynamodb": content,
    }
