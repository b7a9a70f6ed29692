"""Origins of the files of a feed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from estrela.errors import DefinitionError


@dataclass(frozen=True)
class S3Drop:
    """Files that others put into ``bucket`` below ``prefix``; the key after the prefix must match ``pattern`` whole.

    ``sequence`` names groups of the pattern whose texts, compared in that order, say which file is newer, such as a
    date ``yyyy-MM-dd``; among equal ones the later arrival is newer. ``bucket`` is ``""`` for the platform's own
    landing bucket. ``manifest`` matches the names of manifests of a feed that is loaded by them.
    """

    prefix: str
    pattern: str
    sequence: tuple[str, ...] = ()
    bucket: str = ""
    manifest: str = ""

    def __post_init__(self) -> None:
        where = f"S3Drop({self.prefix!r})"
        if not self.prefix.endswith("/") or self.prefix.startswith("/"):
            raise DefinitionError(where, "prefix is not a folder", ("a text such as 'cards/'",))
        groups = _groups(where, "pattern", self.pattern)
        _groups(where, "manifest", self.manifest)
        for name in self.sequence:
            if name not in groups:
                raise DefinitionError(where, f"sequence names {name!r}, which is no group of the pattern", groups)

    def is_manifest(self, key: str) -> bool:
        """Return whether the key is that of a manifest of this feed."""
        name = key.removeprefix(self.prefix)
        return bool(self.manifest and key.startswith(self.prefix) and re.fullmatch(self.manifest, name))

    def place_of(self, key: str) -> str | None:
        """Return the text by which files are ordered; None if the key is not that of a file of this feed."""
        match = re.fullmatch(self.pattern, key.removeprefix(self.prefix)) if key.startswith(self.prefix) else None
        return "/".join(match[name] or "" for name in self.sequence) if match else None


def _groups(where: str, name: str, pattern: str) -> Mapping[str, int]:
    """Return the named groups of a pattern. Raises DefinitionError."""
    try:
        return re.compile(pattern).groupindex
    except re.error as error:
        raise DefinitionError(where, f"{name} {pattern!r} is not a regular expression: {error}") from None


@dataclass(frozen=True, kw_only=True)
class FtpsFolder(S3Drop):
    """Files in ``folder`` of an FTPS server, copied into the landing bucket below ``prefix``.

    ``server`` is the name of the secret that says where it is and how to log in. Names of files must match ``pattern``;
    a file is taken once its size and time stood still over two looks, and again when it changed.
    """

    server: str
    folder: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.folder.startswith("/") or self.folder.endswith("/"):
            where = f"FtpsFolder({self.prefix!r})"
            raise DefinitionError(where, f"folder {self.folder!r}", ("an absolute path such as '/out/rates'",))


DATABASE_TIME = "yyyy-MM-dd HH:mm:ss.SX"
"""Pattern of the times in files that are extracted from a database."""


@dataclass(frozen=True, kw_only=True)
class DatabaseTable(S3Drop):
    """Rows of ``table`` of a database, extracted into files of the landing bucket below ``prefix``.

    ``server`` is the name of the secret of the database, in the format of Amazon RDS. Headers of the feed's fields are
    names of columns of the table. Each file is named after the time at which its rows were read.

    ``watermark`` is the column with the time of a row's last change: a file holds what changed since ``overlap`` before
    the newest file that is loaded, which catches rows that were committed late. Every ``reconcile``, rows whose keys
    the source no longer has are deleted from the target; None: never. Without a watermark, each file holds all rows.
    """

    pattern: str = r"(?P<read_at>\d{8}T\d{12})\.csv\.gz"
    sequence: tuple[str, ...] = ("read_at",)
    server: str
    table: str
    watermark: str = ""
    overlap: timedelta = timedelta(minutes=10)
    reconcile: timedelta | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        where = f"DatabaseTable({self.prefix!r})"
        if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?", self.table):
            raise DefinitionError(where, f"table {self.table!r}", ("table", "schema.table"))
        if self.overlap < timedelta():
            raise DefinitionError(where, f"overlap {self.overlap} is negative")
        if self.reconcile is not None and not self.watermark:
            raise DefinitionError(where, "reconcile needs a watermark: without one, each file holds all rows anyway")
