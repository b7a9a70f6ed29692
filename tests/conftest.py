"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real files of the Central Bank; a test that asks for it is skipped where there is none."""
    shared = Path(os.environ.get("ESTRELA_SHARED") or Path(__file__).parents[2] / "shared")
    folder = shared / "data" / "bcb"
    if not (folder / "complaints").is_dir():
        pytest.skip(f"NO REAL DATA at {folder}: set ESTRELA_SHARED to the folder that holds data/bcb")
    return folder
