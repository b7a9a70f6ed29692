"""State of the fake: plain JSON, so that it can be stored in a file."""

from __future__ import annotations

import json
import random
import secrets
import string
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ADMINISTRATORS, EVERYONE = 2, 1
TRASH = 1
ALPHABET = string.ascii_letters + string.digits + "_-"
Row = dict[str, Any]


def nano_id() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(21))


class State:
    """State of a fake. ``lake`` names the tables ("schema.table") that a sync finds, with their columns.

    ``tags`` is the format in which template tags are returned: "list" (0.63 and later) or "map" (before). ``order``
    shuffles every list whose order Metabase does not promise.
    """

    def __init__(
        self,
        lake: Mapping[str, Sequence[str]] | None = None,
        *,
        tags: str = "list",
        order: random.Random | None = None,
        setup_token: str = "",
        file: Path | None = None,
    ) -> None:
        self.lake, self.tags, self.order, self.file = dict(lake or {}), tags, order, file
        self.setup_token = setup_token or str(secrets.token_hex(16))
        self.connection_error = ""
        self.initialising = 0
        self.conflicts = 0
        self.sync_polls = 1
        self.failing: dict[str, str] = {}
        self.forgetful = False
        self.data: dict[str, Any] = json.loads(file.read_text()) if file and file.exists() else _empty()

    def save(self) -> None:
        if self.file:
            self.file.write_text(json.dumps(self.data))

    def rows(self, kind: str) -> list[Row]:
        rows: list[Row] = self.data[kind]
        return rows

    def find(self, kind: str, identifier: int | str) -> Row | None:
        return next((row for row in self.rows(kind) if identifier in (row["id"], row.get("entity_id"))), None)

    def add(self, kind: str, row: Row) -> Row:
        self.data["last_id"] += 1
        stored = {"id": self.data["last_id"], **row}
        self.rows(kind).append(stored)
        return stored

    def shuffled(self, rows: Sequence[Any]) -> list[Any]:
        listed = list(rows)
        if self.order:
            self.order.shuffle(listed)
        return listed

    def sync(self, database: Row) -> None:
        database["sync_in"] = self.sync_polls

    def poll_sync(self, database: Row) -> None:
        """Advance the sync of a database by one step, as each request for its metadata does."""
        if database.get("sync_in") is None:
            return
        database["sync_in"] -= 1
        if database["sync_in"] <= 0:
            database["sync_in"], database["initial_sync_status"] = None, "complete"
            for path, columns in self.lake.items():
                self._sync_table(database, path, columns)

    def _sync_table(self, database: Row, path: str, columns: Sequence[str]) -> None:
        schema, name = path.split(".")
        known = [
            t for t in self.rows("tables") if (t["db_id"], t["schema"], t["name"]) == (database["id"], schema, name)
        ]
        base = {"db_id": database["id"], "schema": schema, "name": name, "description": None, "fields": []}
        table = known[0] if known else self.add("tables", base)
        for column in columns:
            if column not in {field["name"] for field in table["fields"]}:
                self.data["last_id"] += 1
                table["fields"].append({"id": self.data["last_id"], "name": column, "description": None})


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _empty() -> dict[str, Any]:
    return {
        "last_id": 100,
        "users": [],
        "sessions": {},
        "api_keys": {},
        "settings": {},
        "databases": [],
        "tables": [],
        "collections": [
            {"id": TRASH, "name": "Trash", "type": "trash", "location": "/", "archived": False, "description": None}
        ],
        "cards": [],
        "dashboards": [],
        "groups": [{"id": EVERYONE, "name": "All Users"}, {"id": ADMINISTRATORS, "name": "Administrators"}],
        "collection_graph": {"revision": 0, "groups": {str(EVERYONE): {"root": "write"}}},
        "data_graph": {"revision": 0, "groups": {str(EVERYONE): {}}},
        "log": [],
    }
