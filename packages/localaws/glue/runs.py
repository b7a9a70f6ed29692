"""Job runs."""

from __future__ import annotations

from localaws.home import Home
from localaws.s3.store import ObjectStore
from localaws.settings import Settings


class Runs:
    """Starts, watches and stops the processes of Glue job runs."""

    def __init__(self, settings: Settings, home: Home, store: ObjectStore, endpoint: str) -> None:
        self._settings = settings

    def start(self) -> None:
        """Nothing runs yet."""

    def stop(self) -> None:
        """Nothing runs yet."""
