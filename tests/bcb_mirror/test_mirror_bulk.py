"""Bulk files match the description in their sidecar file."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from bcb_mirror.bulk import BAD_KINDS, write
from bcb_mirror.errors import BulkError

ROWS = 25_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("bulk"), ROWS, seed=3, rows_a_file=10_000).parent


def is_good(fields: list[str]) -> bool:
    return (
        len(fields) == 15
        and re.fullmatch("[1-4]º", fields[1]) is not None
        and re.fullmatch(r"\d{8}| ", fields[4]) is not None
        and all(field.isdigit() for field in fields[7:14])
    )


def test_the_sidecar_agrees_with_a_reader_of_its_own(folder: Path) -> None:
    truth = json.loads((folder / "truth.json").read_text())
    rows = [
        line.split(";") for path in sorted(folder.glob("*.csv")) for line in path.read_text("cp1252").split("\n")[1:-1]
    ]
    good = [row for row in rows if is_good(row)]
    assert (truth["rows"], truth["bad_rows"]) == (len(rows), len(rows) - len(good)) == (ROWS, 250)
    assert truth["bad_by_kind"] == dict.fromkeys(BAD_KINDS, 50)
    for column, name in enumerate(("upheld", "other", "unregulated", "total", "clients"), start=7):
        assert truth[name] == sum(int(row[column]) for row in good)
    shown = [row[6].replace(".", "").replace(",", "") for row in good if row[6] != " "]
    assert truth["index_hundredths"] == sum(map(int, shown))
    assert truth["blank_index"] == len(good) - len(shown)
    assert truth["conglomerates"] == sum(row[3] == "Conglomerado" for row in good)
    assert sum(each["rows"] for each in truth["files"].values()) == ROWS


def test_good_rows_keep_the_rules_of_the_ranking(folder: Path) -> None:
    for line in (folder / "ranking_0001.csv").read_text("cp1252").split("\n")[1:-1]:
        fields = line.split(";")
        if not is_good(fields):
            continue
        upheld, other, unregulated, total, clients, ccs, scr = map(int, fields[7:14])
        assert upheld + other + unregulated == total and max(ccs, scr) <= clients <= ccs + scr
        if fields[6] != " ":
            assert int(fields[6].replace(".", "").replace(",", "")) == upheld * 100_000_000 // clients


def test_no_institution_is_listed_twice_in_a_quarter(folder: Path) -> None:
    lines = [line for path in sorted(folder.glob("*.csv")) for line in path.read_text("cp1252").split("\n")[1:-1]]
    keys = [(row[0], row[1], row[5]) for row in (line.split(";") for line in lines) if is_good(row)]
    assert len(set(keys)) == len(keys)
    assert len({key[:2] for key in keys}) == 104


def test_the_same_seed_writes_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    def digests(of: Path) -> dict[str, str]:
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in of.iterdir()}

    write(tmp_path / "again", ROWS, seed=3, rows_a_file=10_000)
    write(tmp_path / "other", ROWS, seed=4, rows_a_file=10_000)
    assert digests(folder) == digests(tmp_path / "again") != digests(tmp_path / "other")


def test_a_folder_in_use_is_left_alone(folder: Path) -> None:
    with pytest.raises(BulkError, match=f"^folder {folder} is not empty; give an empty or a new one$"):
        write(folder, 10)
    with pytest.raises(BulkError, match=r"^0 rows, 1000000 a file: 1 to 1000000000 and at least 1 are possible$"):
        write(folder / "new", 0)
    assert not (folder / "new").exists()
