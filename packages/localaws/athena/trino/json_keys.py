"""JSON objects with two keys that are one for Athena: Trino reads one of their values, Athena refuses the row."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

from localaws.athena.entries.hive_table import HiveTable, hive_table
from localaws.athena.entries.partitions import partition_of
from localaws.athena.errors import BadDataError, QueryError, UnsupportedError
from localaws.athena.files.data_files import DataFile, files_below
from localaws.athena.files.json_lines import json_reader
from localaws.athena.files.lines import lines_of
from localaws.s3.store import ObjectStore

_KEY = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:')
_REMEMBERED = 100_000
_Known = tuple[object, ...]
"""A file's address, time and size, and the columns and settings with which it was read."""


class JsonKeys:
    """Reads the JSON files of tables before Trino does, each of their contents once."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._faults: OrderedDict[_Known, str | None] = OrderedDict()

    def of_table(self, entry: Mapping[str, Any]) -> str | None:
        """Return the first row of a table that Athena refuses for its keys, with file and reason; None if there is
        none, or if each partition has its own entry.
        """
        is_projected = str((entry.get("Parameters") or {}).get("projection.enabled", "")).lower() == "true"
        if not _is_json(entry) or (entry.get("PartitionKeys") and not is_projected):
            return None
        try:
            table = hive_table(entry)
        except QueryError:  # Trino refuses it too
            return None
        return self._first(table, table.location)

    def of_partitions(self, entry: Mapping[str, Any], partitions: Iterable[Mapping[str, Any]]) -> str | None:
        """Return the same for the partitions of a table."""
        for partition in partitions:
            if _is_json(partition):
                own = partition_of(hive_table(entry), partition)
                if fault := self._first(own.table, own.location):
                    return fault
        return None

    def _first(self, table: HiveTable, location: str) -> str | None:
        try:
            return next(filter(None, (self._fault(table, file) for file in files_below(self._store, location))), None)
        except QueryError:  # Trino reports a location that it cannot list
            return None

    def _fault(self, table: HiveTable, file: DataFile) -> str | None:
        settings = tuple(sorted(table.serde_parameters.items()))
        known = (file.uri, file.modified, file.size, table.columns, settings)
        with self._lock:
            if known in self._faults:
                return self._faults[known]
        fault = _fault_of(table, file)
        with self._lock:
            self._faults[known] = fault
            if len(self._faults) > _REMEMBERED:
                self._faults.popitem(last=False)
        return fault


def _is_json(entry: Mapping[str, Any]) -> bool:
    storage = entry.get("StorageDescriptor") or {}
    return str((storage.get("SerdeInfo") or {}).get("SerializationLibrary") or "").endswith("JsonSerDe")


def _fault_of(table: HiveTable, file: DataFile) -> str | None:
    try:
        read = json_reader(table)
        for number, line in enumerate(lines_of(table, file), 1):
            if _may_repeat_a_key(line):
                try:
                    read(line)
                except BadDataError as error:
                    return f"{file.uri}, line {number}: {error}"
                except UnsupportedError:  # of another kind, which Trino reads
                    continue
    except (BadDataError, UnsupportedError):  # Trino reads it, or reports that it cannot
        return None
    return None


def _may_repeat_a_key(line: str) -> bool:
    """Return whether any two keys of a line, in the same object or not, differ at most by case or dots."""
    keys = [key.lower().replace(".", "_") for key in _KEY.findall(line)]
    return len(set(keys)) < len(keys)
