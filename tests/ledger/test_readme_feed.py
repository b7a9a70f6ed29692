"""The README's "How to add a feed", as somebody follows it who has only that."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ledger_warehouse import Warehouse

from localaws.running import Running

ROOT = Path(__file__).parents[2]
SECTION = (ROOT / "README.md").read_text().partition("## How to add a feed")[2].partition("\n## ")[0]
DECLARATION = SECTION.partition("```python\n")[2].partition("```")[0]
COMMANDS = SECTION.rpartition("```\n.venv/bin/estrela")[2].partition("```")[0]
ESTRELA = ".venv/bin/estrela"


@pytest.fixture
def platform(tmp_path: Path) -> Path:
    """A copy of the platform with the one file that the README adds."""
    folder = tmp_path / "packages"
    shutil.copytree(ROOT / "packages" / "estrela", folder / "estrela", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "estrela" / "feeds" / "backoffice" / "rates.py").write_text(DECLARATION)
    return folder


def test_one_file_is_a_feed(warehouse: Warehouse, aws: Running, platform: Path, tmp_path: Path) -> None:
    environ = {
        **os.environ,
        **aws.env,
        "PYTHONPATH": str(platform),
        "ESTRELA_WAREHOUSE_URL": warehouse.database.engine.url.render_as_string(hide_password=False),
        "ESTRELA_LANDING": warehouse.bucket,
        "ESTRELA_ARCHIVE": f"{warehouse.bucket}-archive",
    }
    said = []
    for line in f"{ESTRELA}{COMMANDS}".strip().splitlines():
        if line.startswith("aws s3 cp "):
            file, place = shlex.split(line)[3:]
            key = place.removeprefix("s3://LANDING/") + file
            warehouse.s3.upload_file(str(tmp_path / file), warehouse.bucket, key)
            continue
        command = line.replace(ESTRELA, f"{shlex.quote(sys.executable)} -m estrela.cli")
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (line, done.stderr)
        said.append(done.stdout)
    assert warehouse.query(
        "SELECT CAST(day AS text) AS day, currency, CAST(rate AS text) AS rate FROM warehouse.rates"
    ) == [("2026-11-01", "USD", "5.432100")]
    assert "load: files 1, rows in 1, loaded 1, rejected 0" in said[-2]
    assert "state:    Done\nrows:     1 in = 1 loaded + 0 rejected" in said[-1]
