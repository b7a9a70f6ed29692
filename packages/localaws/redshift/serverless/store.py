"""Namespaces and workgroups in a file, written before the client gets a response."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

from localaws.home import replace_file

KINDS = ("namespaces", "workgroups", "tags", "passwords")


class ServerlessStore:
    """Documents by kind and key; a key starts with account and region."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._documents: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
        if path.exists():
            self._documents |= json.loads(path.read_text())

    @contextmanager
    def changing(self) -> Iterator[dict[str, dict[str, Any]]]:
        """A copy of the documents for changes; it is stored at the end of the block, or dropped if the block raises."""
        with self._lock:
            changed = deepcopy(self._documents)
            yield changed
            self._path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self._path, json.dumps(changed).encode())
            self._documents = changed

    def read(self, kind: str) -> dict[str, Any]:
        """Documents of one kind; the caller must not change them."""
        with self._lock:
            return self._documents[kind]
