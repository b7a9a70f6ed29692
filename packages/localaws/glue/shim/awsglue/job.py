"""The job's begin and commit: without bookmarks they have no effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Job:
    """``Job(glue_context)``, then ``init`` first and ``commit`` last, as on Glue."""

    def __init__(self, glue_context: Any) -> None:
        self.glue_context = glue_context

    def init(self, job_name: str, args: Mapping[str, Any] | None = None) -> None:
        """Begin; on Glue this loads the job's bookmark."""

    def commit(self) -> None:
        """End; on Glue this stores the job's bookmark."""
