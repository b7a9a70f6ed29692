"""Objects as files."""

from __future__ import annotations

from pathlib import Path

from localaws.home import Home


class ObjectStore:
    """Buckets and objects of one home."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def bucket_path(self, bucket: str) -> Path:
        return self._home.s3 / bucket

    def buckets(self) -> list[str]:
        return sorted(folder.name for folder in self._home.s3.iterdir())

    def close(self) -> None:
        """Nothing is held open."""
