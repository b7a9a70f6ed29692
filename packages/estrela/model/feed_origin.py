"""Origins of the files of a feed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from estrela.errors import DefinitionError


@dataclass(frozen=True)
class S3Drop:
    """Files that others put into ``bucket`` below ``prefix``; the key after the prefix must fully match ``pattern``.

    ``sequence`` names groups of the pattern. Their texts, compared in that order, decide which file is newer, for
    example a date ``yyyy-MM-dd``; if they are equal, the later arrival is newer. ``bucket`` is ``""`` for the
    platform's own landing bucket. ``manifest`` is the pattern of the manifests' names, for a feed that is loaded by
    manifests.
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
                raise DefinitionError(where, f"sequence names {name!r}, which is not a group of the pattern", groups)

    def is_manifest(self, key: str) -> bool:
        """Return whether ``key`` is the key of a manifest of this feed."""
        name = key.removeprefix(self.prefix)
        return bool(self.manifest and key.startswith(self.prefix) and re.fullmatch(self.manifest, name))

    def place_of(self, key: str) -> str | None:
        """Return the text by which the file is ordered; None if ``key`` does not belong to a file of this feed."""
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

    ``server`` names the secret with the server's address and login. File names must match ``pattern``. A file is taken
    when its size and time are the same in two successive listings, and again after it changed.
    """

    server: str
    folder: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.folder.startswith("/") or self.folder.endswith("/"):
            where = f"FtpsFolder({self.prefix!r})"
            raise DefinitionError(where, f"folder {self.folder!r}", ("an absolute path such as '/out/rates'",))


DATABASE_TIME = "yyyy-MM-dd HH:mm:ss.SX"
"""Pattern of timestamps in files that are extracted from a database."""


@dataclass(frozen=True, kw_only=True)
class DatabaseTable(S3Drop):
    """Rows of ``table`` of a database, extracted into files of the landing bucket below ``prefix``.

    ``server`` names the secret of the database, in the format of Amazon RDS. The headers of the feed's fields are
    column names of the table. Each file is named after the time at which its rows were read.

    ``watermark`` is the column with the time of a row's last change. A file contains the rows changed since the newest
    loaded file, minus ``overlap``, which catches rows that were committed late. Every ``reconcile``, rows whose keys no
    longer exist in the source are deleted from the target; None means never. Without a watermark, each file contains
    all rows.
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
            raise DefinitionError(where, "reconcile needs a watermark: without one, each file contains all rows anyway")
