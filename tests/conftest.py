"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FOLDERS = ("unit", "bcb_mirror", "metabase", "contract", "localaws", "spark", "dags", "e2e")
ALONE = ("unit", "bcb_mirror", "localaws")
"""Folders whose files share nothing that is dear to make; those of another stay in one process."""


def pytest_configure() -> None:
    """Forget which AWS the shell uses, as after ``eval "$(localaws env)"``: each test names its own."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run a layer before those that stand on it, in it the fast tests first; a folder's Spark session serves once."""

    def place(item: pytest.Item) -> tuple[int, bool]:
        return FOLDERS.index(_folder(item)), item.get_closest_marker("slow") is not None

    items.sort(key=place)
    for item in items:
        folder = _folder(item)
        item.add_marker(pytest.mark.xdist_group(item.path.name if folder in ALONE else folder))


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(Path(__file__).parent).parts[0]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real files of the Central Bank; a test that asks for it is skipped where there is none."""
    shared = Path(os.environ.get("ESTRELA_SHARED") or Path(__file__).parents[2] / "shared")
    folder = shared / "data" / "bcb"
    if not (folder / "complaints").is_dir():
        pytest.skip(f"NO REAL DATA at {folder}: set ESTRELA_SHARED to the folder that holds data/bcb")
    return folder
