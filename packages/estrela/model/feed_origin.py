"""Where the files of a feed arrive."""

from __future__ import annotations

import re
from dataclasses import dataclass

from estrela.errors import DefinitionError


@dataclass(frozen=True)
class S3Drop:
    """Files that others put into ``bucket`` below ``prefix``; the key after the prefix must match ``pattern`` whole.

    ``sequence`` names groups of the pattern whose texts, compared in that order, say which file is newer, such as a
    date ``yyyy-MM-dd``; among equal ones the later arrival is newer. ``bucket`` is ``""`` for the platform's own
    landing bucket.
    """

    prefix: str
    pattern: str
    sequence: tuple[str, ...] = ()
    bucket: str = ""

    def __post_init__(self) -> None:
        where = f"S3Drop({self.prefix!r})"
        if not self.prefix.endswith("/") or self.prefix.startswith("/"):
            raise DefinitionError(where, "prefix is not a folder", ("a text such as 'cards/'",))
        try:
            groups = re.compile(self.pattern).groupindex
        except re.error as error:
            raise DefinitionError(where, f"pattern {self.pattern!r} is not a regular expression: {error}") from None
        for name in self.sequence:
            if name not in groups:
                raise DefinitionError(where, f"sequence names {name!r}, which is no group of the pattern", groups)

    def place_of(self, key: str) -> str | None:
        """Return the text by which files are ordered; None if the key is not that of a file of this feed."""
        found = re.fullmatch(self.pattern, key.removeprefix(self.prefix)) if key.startswith(self.prefix) else None
        return "/".join(found[name] or "" for name in self.sequence) if found else None


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
