"""Databases, tables and partitions, as boto3 shows them."""

from __future__ import annotations

from localaws.moto_state import MotoState
from localaws.settings import Settings


class Catalog:
    """moto's Glue catalog, seen from inside the process."""

    def __init__(self, settings: Settings, state: MotoState) -> None:
        self._settings = settings
        self._state = state
