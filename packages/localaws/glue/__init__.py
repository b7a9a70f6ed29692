"""The Glue catalog, and Glue jobs that run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from localaws.glue import backend
from localaws.glue.catalog import Catalog
from localaws.glue.preparation import Preparation
from localaws.glue.runs import Runs

if TYPE_CHECKING:
    from localaws.home import Home
    from localaws.moto_state import MotoState
    from localaws.s3.store import ObjectStore
    from localaws.settings import Settings


def open_catalog(settings: Settings, state: MotoState) -> Catalog:
    """The catalog that Athena and Iceberg share with the Glue API."""
    backend.install()
    return Catalog(settings, state)


def open_runs(settings: Settings, home: Home, store: ObjectStore, endpoint: str, keep_logs: Callable[[], None]) -> Runs:
    """The job runs of one home; ``keep_logs`` stores their CloudWatch log events."""
    runs = Runs(settings, home, Preparation(settings, home, store, endpoint), keep_logs)
    backend.LocalGlueBackend.runs = runs
    return runs
