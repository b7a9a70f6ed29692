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
"""Folders whose files share nothing expensive. The tests of every other folder stay in one process."""


class FolderScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each process whole folders, or whole files, so that a Spark session or a lake is made once."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        folder = Path(file).parts[1]
        return file if folder in SPLIT_BY_FILE else folder


def pytest_configure() -> None:
    """Forget which AWS the shell uses, as after ``eval "$(localaws env)"``: each test names its own."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    # Glue runs of tests are short: to optimize their code, or to run out of room for it, costs more than it gives.
    os.environ["LOCALAWS_JAVA_OPTIONS"] = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m"


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return one process more than there are cores, and at most four: a fifth of the time of tests is waiting."""
    return min(4, (os.cpu_count() or 1) + 1)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FolderScheduling:
    """Distribute by folder; pytest 9 ignores the groups that ``--dist loadgroup`` writes into test IDs."""
    return FolderScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests by folder, so that all processes end at about the same time.

    In a folder the fast ones come first, but last in the folder that fills the gaps.
    """

    def place(item: pytest.Item) -> tuple[int, bool]:
        folder, is_slow = _folder(item), item.get_closest_marker("slow") is not None
        return FOLDERS.index(folder), is_slow != (folder == FILLS_GAPS)

    items.sort(key=place)


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(Path(__file__).parent).parts[0]


@pytest.fixture(autouse=True)
def no_handlers_left() -> Iterator[None]:
    """Take away the handlers of a test's log: they write to the output of the test, which ends with it."""
    yield
    logging.getLogger("estrela").handlers.clear()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real files of the Central Bank; a test that asks for it is skipped where there is none."""
    shared = Path(os.environ.get("ESTRELA_SHARED") or Path(__file__).parents[2] / "shared")
    folder = shared / "data" / "bcb"
    if not (folder / "complaints").is_dir():
        pytest.skip(f"NO REAL DATA at {folder}: set ESTRELA_SHARED to the folder that holds data/bcb")
    return folder
