"""Ranking-like files of millions of rows for benchmarks, with a file of the results that a correct reader must get."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from bcb_mirror import names
from bcb_mirror.errors import BulkError
from bcb_mirror.quarters import METHOD_BREAK, quarter_at
from bcb_mirror.ranking_file import BANK, BLANK, CONGLOMERATE, ENCODING, HEADER_A, category

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

QUARTERS = 104
ROWS_A_FILE = 1_000_000
BAD_KINDS = ("not_a_number", "missing_fields", "negative_count", "bad_quarter", "bad_cnpj")
# Coprime to 10^8, so that the sequence visits all CNPJ roots without repetition.
_STEP, _ROOTS = 48_271, 100_000_000
_HEADER = (";".join(HEADER_A) + ";\n").encode(ENCODING)
_TOP = 15
_MOST_CLIENTS = 150_000_000


@dataclass
class Sums:
    """Totals over the valid rows. ``blank_*`` count rows, the others sum a column."""

    rows: int = 0
    bad_rows: int = 0
    upheld: int = 0
    other: int = 0
    unregulated: int = 0
    total: int = 0
    clients: int = 0
    index_hundredths: int = 0
    blank_index: int = 0
    conglomerates: int = 0
    bad_by_kind: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BAD_KINDS, 0))

    def add(self, more: Sums) -> None:
        for name, value in asdict(more).items():
            if name != "bad_by_kind":
                setattr(self, name, getattr(self, name) + value)
        for kind, count in more.bad_by_kind.items():
            self.bad_by_kind[kind] += count


@dataclass(frozen=True)
class Plan:
    """``rows`` rows of ``institutions`` institutions, quarter after quarter, ending with the last one of layout A."""

    rows: int
    seed: int
    institutions: int

    @property
    def first_quarter(self) -> int:
        return METHOD_BREAK.ordinal - -(-self.rows // self.institutions)


def write(folder: Path, rows: int, seed: int = 0, rows_a_file: int = ROWS_A_FILE) -> Path:
    """Write ``ranking_0000.csv`` and following (layout A), ``segments.tsv`` and ``truth.json`` into ``folder``.

    ``rows`` includes the bad rows: 1 % of each file, with the BAD_KINDS in turn. The same ``rows``, ``seed`` and
    ``rows_a_file`` give the same bytes. Returns the path of ``truth.json``: sums over the good rows, in total and per
    file. Raises BulkError if a number is out of range or the folder is not empty.
    """
    if not 1 <= rows <= 1_000_000_000 or rows_a_file < 1:
        raise BulkError(f"{rows} rows, {rows_a_file} a file: 1 to 1000000000 and at least 1 are possible")
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise BulkError(f"folder {folder} is not empty; give an empty or a new one")
    plan = Plan(rows, seed, -(-rows // QUARTERS))
    institutions = _institutions(plan)
    _write_segments(folder / "segments.tsv", institutions)
    whole, files = Sums(), {}
    for part, start in enumerate(range(0, rows, rows_a_file)):
        path = folder / f"ranking_{part:04d}.csv"
        files[path.name] = _write_part(path, plan, part, range(start, min(start + rows_a_file, rows)), institutions)
        whole.add(files[path.name])
    truth = {"seed": seed, "institutions": plan.institutions, **asdict(whole)}
    truth["files"] = {name: asdict(sums) for name, sums in files.items()}
    path = folder / "truth.json"
    path.write_text(json.dumps(truth, indent=1))
    return path


def _institutions(plan: Plan) -> list[tuple[str, str]]:
    """Return CNPJ root and name, by size; names of conglomerates have a suffix, and their rows have no CNPJ."""
    words, random = names.stems(plan.seed), Random(f"{plan.seed}:bulk")  # noqa: S311
    offset = random.randrange(_ROOTS)
    return [
        (f"{(offset + position * _STEP) % _ROOTS:08d}", _name(random, names.stem(words, position), position))
        for position in range(plan.institutions)
    ]


def _name(random: Random, stem: str, position: int) -> str:
    return f"{names.group_name(random, stem)} (conglomerado)" if position % 2 == 0 else names.bank_name(random, stem)


def _write_segments(path: Path, institutions: list[tuple[str, str]]) -> None:
    lines = (
        f"S{1 + min(4, position * 5 // len(institutions))}\t{int(cnpj)}\t"
        f"{name.replace(' (conglomerado)', ' - PRUDENCIAL')}\r\n"
        for position, (cnpj, name) in enumerate(institutions)
    )
    path.write_bytes(("Segmento\tCNPJ\tNome\r\n" + "".join(lines)).encode())


def _write_part(path: Path, plan: Plan, part: int, rows: range, institutions: list[tuple[str, str]]) -> Sums:
    import numpy as np

    rng = np.random.default_rng([plan.seed, part])
    columns = _columns(rng, np.arange(rows.start, rows.stop) % plan.institutions)
    bad = rng.choice(len(rows), size=len(rows) // 100, replace=False)
    bad.sort()
    lines = list(_lines(plan, rows, institutions, columns))
    for turn, position in enumerate(bad.tolist()):
        lines[position] = _BREAKERS[BAD_KINDS[turn % len(BAD_KINDS)]](lines[position])
    with path.open("wb") as file:
        file.write(_HEADER)
        file.write("".join(lines).encode(ENCODING))
    return _sums(columns, bad)


def _columns(rng: Any, institution: Numbers) -> dict[str, Numbers]:
    """Return the numbers of a part by the ranking's rules; ``index`` is in hundredths, -1 if it is blank."""
    import numpy as np

    size = len(institution)
    volume = (rng.pareto(1.2, size) * 20 * (1 + 2_000 / (institution + 1))).astype(np.int64) % 200_000 + 1
    upheld = (volume * rng.uniform(0.05, 0.5, size)).astype(np.int64)
    other = ((volume - upheld) * rng.uniform(0.3, 0.7, size)).astype(np.int64)
    clients = np.minimum((volume * rng.uniform(500, 20_000, size)).astype(np.int64), _MOST_CLIENTS)
    ccs = (clients * rng.uniform(0.5, 1, size)).astype(np.int64)
    scr = clients - ccs + (ccs * rng.uniform(0, 0.6, size)).astype(np.int64)
    shown = (upheld >= 30) | (institution < _TOP)
    return {
        "institution": institution,
        "upheld": upheld,
        "other": other,
        "unregulated": volume - upheld - other,
        "total": volume,
        "clients": clients,
        "ccs": ccs,
        "scr": scr,
        "index": np.where(shown, upheld * 100_000_000 // clients, -1),
    }


def _lines(plan: Plan, rows: range, institutions: list[tuple[str, str]], columns: dict[str, Numbers]) -> Iterator[str]:
    position = rows.start
    while position < rows.stop:
        quarter, first = divmod(position, plan.institutions)
        stop = min(rows.stop, position + plan.institutions - first)
        part = {name: column[position - rows.start : stop - rows.start] for name, column in columns.items()}
        yield from _quarter_lines(plan.first_quarter + quarter, part, institutions)
        position = stop


def _quarter_lines(ordinal: int, columns: dict[str, Numbers], institutions: list[tuple[str, str]]) -> Iterator[str]:
    quarter = quarter_at(ordinal)
    heads = [f"{quarter.year};{quarter.number}º;{category(quarter, top)};" for top in (False, True)]
    indexes = (
        f"{index / 100:,.2f}".translate(_DECIMAL_COMMA) if index >= 0 else BLANK for index in columns["index"].tolist()
    )
    counts = (columns[name].tolist() for name in ("upheld", "other", "unregulated", "total", "clients", "ccs", "scr"))
    for place, index, a, b, c, d, e, f, g in zip(columns["institution"].tolist(), indexes, *counts, strict=True):
        cnpj, name = institutions[place]
        who = f"{BANK};{cnpj}" if place % 2 else f"{CONGLOMERATE};{BLANK}"
        yield f"{heads[place < _TOP]}{who};{name};{index};{a};{b};{c};{d};{e};{f};{g};\n"


_DECIMAL_COMMA = str.maketrans(",.", ".,")


def _sums(columns: dict[str, Numbers], bad: Numbers) -> Sums:
    import numpy as np

    good = np.ones(len(columns["total"]), dtype=bool)
    good[bad] = False
    kept = {name: column[good] for name, column in columns.items()}
    shown = kept["index"][kept["index"] >= 0]
    sums = Sums(rows=len(good), bad_rows=len(bad), index_hundredths=int(shown.sum()))
    for name in ("upheld", "other", "unregulated", "total", "clients"):
        setattr(sums, name, int(kept[name].sum()))
    sums.blank_index = int((kept["index"] < 0).sum())
    sums.conglomerates = int((kept["institution"] % 2 == 0).sum())
    for turn, kind in enumerate(BAD_KINDS):
        sums.bad_by_kind[kind] = len(range(turn, len(bad), len(BAD_KINDS)))
    return sums


def _with_field(line: str, place: int, value: str) -> str:
    fields = line.split(";")
    fields[place] = value
    return ";".join(fields)


_BREAKERS = {
    "not_a_number": lambda line: _with_field(line, 7, "n/d"),
    "missing_fields": lambda line: ";".join(line.split(";")[:9]) + "\n",
    "negative_count": lambda line: _with_field(line, 8, "-5"),
    "bad_quarter": lambda line: _with_field(line, 1, "9º"),
    "bad_cnpj": lambda line: _with_field(line, 4, "12A45678"),
}
