"""The work: from ranking files and the list of institutions to typed rows, rejects and looked-up rows."""

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
    """``files`` are the quarters' files of layout A, ``segments`` is the list; results are written below ``out``."""

    files: Mapping[Quarter, Path]
    segments: Path
    truth: Mapping[str, Any]
    out: Path

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(path.stat().st_size for path in self.files.values())

    def into(self, out: Path) -> Work:
        """Return the same task with another folder for the results."""
        return Work(self.files, self.segments, self.truth, out)


@dataclass(frozen=True)
class Output:
    """Parquet files of the three results, with the columns that the judge reads.

    ``typed`` and ``looked_up`` contain the columns of the source (see :mod:`ranking.star`), the latter also
    institution_key, 0 if unknown. ``rejects`` contains raw_line, and ``kind`` is an SQL expression over its columns
    that returns one of bulk.BAD_KINDS. ``seconds`` are the times of the parts.
    """

    typed: list[str]
    looked_up: list[str]
    rejects: list[str]
    kind: str
    seconds: dict[str, float] = field(default_factory=dict)


def make(folder: Path, rows: int) -> Work:
    """Write the files of ``rows`` rows into ``folder``, one per quarter, each named after its content."""
    institutions = -(-rows // QUARTERS)
    truth = json.loads(write(folder, rows, rows_a_file=institutions).read_text())
    first = Plan(rows, 0, institutions).first_quarter
    files = {
        quarter_at(first + part): named(as_latin_1(path))
        for part, path in enumerate(sorted(folder.glob("ranking_*.csv")))
    }
    return Work(files, named(folder / "segments.tsv"), truth, folder)


def as_latin_1(path: Path) -> Path:
    """Return a copy of the file with plain hyphens instead of the header's dashes: DuckDB cannot read Windows-1252."""
    header, _, body = path.read_bytes().partition(b"\n")
    path.write_bytes(header.replace(b"\x96", b"-") + b"\n" + body)
    return path


def named(path: Path) -> Path:
    """Rename the file to its content's digest, as in the raw layer."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    target = path.parent / "raw" / digest
    target.parent.mkdir(exist_ok=True)
    return path.replace(target)
