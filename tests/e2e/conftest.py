"""A Docker engine, and a lake with the extracted files of a small central bank, of which each test gets a copy."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from deployed_platform import STEPS, Rows, deployed_platform
from docker_engine import docker_engine

from bcb_mirror.faults import Fault
from bcb_mirror.quarters import Quarter
from bcb_mirror.serving import serving
from bcb_mirror.synthetic_world import SyntheticWorld


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a Docker engine."""
    with docker_engine(tmp_path_factory.mktemp("docker")) as environ:
        yield environ


@pytest.fixture(scope="session")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a local AWS with raw files. One extract was killed, and the bank returned faults on the way."""
    home = tmp_path_factory.mktemp("extracted")
    world = SyntheticWorld(seed=7, institutions=20, first=Quarter(2021, 3), last=Quarter(2021, 4), others=6)
    with deployed_platform(home) as platform, serving(world) as bank:
        for kind in ("status", "html", "truncated", "reset"):
            bank.mirror.faults.add(Fault(kind, count=1))
        host = {"source_host": f"{bank.url}#small"}
        assert platform.run("extract", "complaints", "day", **host) == "SUCCEEDED"
        assert platform.run("extract", "institutions", "day", **host) == "SUCCEEDED"
        bank.mirror.faults.add(Fault("slow", seconds=1, skip=8))
        killed = platform.start("extract", "fees", "day", **host)
        platform.kill_when(killed, lambda: bool(platform.keys("raw/banking/fees/log/")))
        assert platform.wait(killed).startswith("FAILED")
        # Files that were stored before the kill are kept.
        assert platform.keys("raw/banking/fees/log/")
        bank.mirror.faults.clear()
        assert platform.run("extract", "fees", "day", **host) == "SUCCEEDED"
    return home


@pytest.fixture
def home(extracted: Path, tmp_path: Path) -> Path:
    """A copy of the extracted lake."""
    return Path(shutil.copytree(extracted, tmp_path / "home"))


@pytest.fixture(scope="session")
def expected(extracted: Path, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """The tables that an undisturbed run builds from the extracted lake."""
    copy = shutil.copytree(extracted, tmp_path_factory.mktemp("expected") / "home")
    with deployed_platform(copy) as platform:
        for phase, entity in STEPS:
            assert platform.run(phase, entity, "undisturbed") == "SUCCEEDED"
        assert platform.branches() == set()
        return platform.tables()
