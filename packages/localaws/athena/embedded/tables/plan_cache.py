"""A cache of planned Iceberg scans: a snapshot never changes, and planning has to read its manifests."""

from __future__ import annotations

import threading
from collections import OrderedDict

from pyiceberg.table import DataScan, FileScanTask

MOST_FILES = 20_000
Key = tuple[str, int | None, str]


class PlanCache:
    """Tasks by metadata file, snapshot and filter, up to :data:`MOST_FILES` tasks in total. Thread-safe."""

    def __init__(self) -> None:
        self._plans: OrderedDict[Key, tuple[FileScanTask, ...]] = OrderedDict()
        self._files = 0
        self._lock = threading.Lock()

    def plan(self, metadata_location: str, scan: DataScan) -> tuple[FileScanTask, ...]:
        """The tasks of a scan. Raises the errors of PyIceberg's ``plan_files``."""
        key = (metadata_location, scan.snapshot_id, repr(scan.row_filter))
        with self._lock:
            if key in self._plans:
                self._plans.move_to_end(key)
                return self._plans[key]
        tasks = tuple(scan.plan_files())
        self._keep(key, tasks)
        return tasks

    def _keep(self, key: Key, tasks: tuple[FileScanTask, ...]) -> None:
        with self._lock:
            self._files += len(tasks) - len(self._plans.get(key, ()))
            self._plans[key] = tasks
            while self._files > MOST_FILES:
                _, dropped = self._plans.popitem(last=False)
                self._files -= len(dropped)
