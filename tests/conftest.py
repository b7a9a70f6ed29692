"""Fixtures of all tests."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

FOLDERS = (
    "spark", "unit", "ledger", "releases", "dags", "e2e", "contract", "terraform", "metabase", "dataharvest",
    "bcb_mirror", "localaws", "clients",
)  # fmt: skip
"""Order of the folders: the longest, the fast ones, others that stay whole, then those whose files fill the gaps."""
FILLS_GAPS = "localaws"
SPLIT_BY_FILE = ("unit", "dataharvest", "bcb_mirror", "localaws")
"""Folders whose files share nothing expensive. The tests of every other folder run in one process."""


class FolderScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Assigns whole folders, or whole files, to processes, so that a Spark session or a lake is created once."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        folder = Path(file).parts[1]
        return file if folder in SPLIT_BY_FILE else folder


def pytest_configure() -> None:
    """Remove the shell's AWS variables, such as those of ``eval "$(localaws env)"``: each test sets its own."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    # Glue runs of tests are short: optimizing their code, or filling the code cache, would cost more than it saves.
    os.environ["LOCALAWS_JAVA_OPTIONS"] = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m"


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return one process more than there are cores, at most four: tests spend a fifth of their time waiting."""
    return min(4, (os.cpu_count() or 1) + 1)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FolderScheduling:
    """Distribute by folder; pytest 9 ignores the groups that ``--dist loadgroup`` writes into test IDs."""
    return FolderScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests by folder, so that all processes end at about the same time.

    In each folder the fast tests run first, except in the folder that fills the gaps, where they run last.
    """

    def place(item: pytest.Item) -> tuple[int, bool]:
        folder, is_slow = _folder(item), item.get_closest_marker("slow") is not None
        return FOLDERS.index(folder), is_slow != (folder == FILLS_GAPS)

    items.sort(key=place)


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(Path(__file__).parent).parts[0]


@pytest.fixture(autouse=True)
def no_handlers_left() -> Iterator[None]:
    """Remove the log handlers of a test: they write to the output of the test, which is closed after it."""
    yield
    logging.getLogger("estrela").handlers.clear()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real files of the Central Bank. Tests that use it are skipped if it does not exist."""
    shared = Path(os.environ.get("ESTRELA_SHARED") or Path(__file__).parents[2] / "shared")
    folder = shared / "data" / "bcb"
    if not (folder / "complaints").is_dir():
        pytest.skip(f"NO REAL DATA at {folder}: set ESTRELA_SHARED to the folder that holds data/bcb")
    return folder
