"""The work: ranking files and the list of institutions in, typed rows, rejects and looked-up rows out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bcb_mirror.bulk import QUARTERS, Plan, write
from bcb_mirror.quarters import Quarter, quarter_at


@dataclass(frozen=True)
class Work:
    """``files`` are the quarters' files of layout A, ``segments`` the list; results go below ``out``."""

    files: Mapping[Quarter, Path]
    segments: Path
    truth: Mapping[str, Any]
    out: Path

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(path.stat().st_size for path in self.files.values())

    def into(self, out: Path) -> Work:
        """The same work with another place for the results."""
        return Work(self.files, self.segments, self.truth, out)


@dataclass(frozen=True)
class Output:
    """Parquet files of the three results, and what they say in the judge's words.

    ``typed`` and ``looked_up`` hold the columns of the source (see :mod:`ranking.star`), the latter institution_key,
    0 where unknown; ``rejects`` raw_line, and ``kind``, an SQL expression over its columns, one of bulk.BAD_KINDS.
    ``seconds`` are the times of the parts.
    """

    typed: list[str]
    looked_up: list[str]
    rejects: list[str]
    kind: str
    seconds: dict[str, float] = field(default_factory=dict)


def make(folder: Path, rows: int) -> Work:
    """Write the files of ``rows`` rows into ``folder``, one a quarter, each named by its content."""
    institutions = -(-rows // QUARTERS)
    truth = json.loads(write(folder, rows, rows_a_file=institutions).read_text())
    first = Plan(rows, 0, institutions).first_quarter
    files = {
        quarter_at(first + part): named(as_latin_1(path))
        for part, path in enumerate(sorted(folder.glob("ranking_*.csv")))
    }
    return Work(files, named(folder / "segments.tsv"), truth, folder)


def as_latin_1(path: Path) -> Path:
    """The file with plain hyphens for the header's dashes, which DuckDB, knowing no Windows-1252, does not read."""
    header, _, body = path.read_bytes().partition(b"\n")
    path.write_bytes(header.replace(b"\x96", b"-") + b"\n" + body)
    return path


def named(path: Path) -> Path:
    """The file under the name of its content, as the raw layer keeps it."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    target = path.parent / "raw" / digest
    target.parent.mkdir(exist_ok=True)
    return path.replace(target)
