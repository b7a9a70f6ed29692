"""A Metabase to provision. Every request is checked against Metabase's own OpenAPI document, if that is available."""

from __future__ import annotations

import copy
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from credentials_of_tests import ATHENA_KEY, ATHENA_SECRET, PASSWORD
from fake_metabase import State, serving
from metabase_contract import Contract
from small_lake import small_lake

from metabase.cli import main
from metabase.preview.athena import Athena
from metabase.provision.descriptions import Described

FOLDER = Path(__file__).parent / "site"
TABLES = (Described("shops", "sales", "Sales of shops", {"shop": "Name of the shop", "amount": "Pieces"}),)


@pytest.fixture(scope="session")
def small_athena() -> Iterator[Athena]:
    """Athena with the small lake, which tests only read."""
    with small_lake() as athena:
        yield athena


@pytest.fixture(scope="session")
def document() -> Path | None:
    """Path of Metabase's OpenAPI document, or None if it does not exist."""
    shared = Path(os.environ.get("ESTRELA_SHARED") or Path(__file__).parents[3] / "shared")
    path = shared / "contracts" / "metabase_openapi.json"
    return path if path.is_file() else None


@pytest.fixture(scope="session")
def judge(document: Path | None) -> Contract | None:
    return Contract(document) if document else None


@pytest.fixture
def contract(judge: Contract | None) -> Contract:
    """The OpenAPI document as a contract. A test that uses it is skipped if the document is missing."""
    if judge is None:
        pytest.skip("NO OPENAPI DOCUMENT of Metabase: set ESTRELA_SHARED to the folder that holds contracts/")
    return judge


@dataclass
class World:
    """A fake Metabase at ``url`` and the command line for it, whose output is in ``out`` and ``err``."""

    state: State
    url: str
    capture: Any
    folder: Path = FOLDER
    environment: dict[str, str] = field(default_factory=dict)
    out: str = ""
    err: str = ""

    def run(self, *words: str) -> int:
        self.capture.readouterr()
        given = {
            "METABASE_URL": self.url,
            "METABASE_ADMIN_EMAIL": "admin@example.com",
            "METABASE_ADMIN_PASSWORD": PASSWORD,
            "METABASE_ATHENA_ACCESS_KEY": ATHENA_KEY,
            "METABASE_ATHENA_SECRET_KEY": ATHENA_SECRET,
            "AWS_REGION": "eu-west-1",
            **self.environment,
        }
        code = main([*words, "--folder", str(self.folder), "--wait", "0", "--sync-wait", "0"], given)
        self.out, self.err = self.capture.readouterr()
        return code

    def row(self, kind: str, name: str) -> dict[str, Any]:
        return next(row for row in self.state.rows(kind) if row["name"] == name)

    def sent(self) -> list[str]:
        """Return the write requests since the last call, except sign-ins and queries."""
        log: list[str] = self.state.data["log"]
        writes = [line for line in log if not line.endswith(("/query", "/api/session"))]
        log.clear()
        return writes


@pytest.fixture(params=["list", "map"])
def tags(request: pytest.FixtureRequest) -> str:
    """The format of template tags: a list since version 0.63, a map before."""
    return str(request.param)


@pytest.fixture
def world_of(
    judge: Contract | None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[State], World]]:
    """A function that creates worlds. At the end it checks that no request violated the contract."""
    monkeypatch.setattr("metabase.cli.described_tables", lambda star: TABLES)
    open_worlds = []
    before = len(judge.violations) if judge else 0

    def make(state: State) -> World:
        serve = serving(state, judge.watch if judge else None)
        open_worlds.append(serve)
        return World(state, serve.__enter__(), capsys)

    yield make
    for serve in open_worlds:
        serve.__exit__(None, None, None)
    assert not judge or judge.violations[before:] == []


def lake() -> dict[str, list[str]]:
    return {table.path: [*table.columns, "source_line"] for table in TABLES}


@pytest.fixture
def empty(world_of: Callable[[State], World], tags: str) -> World:
    """A Metabase without any setup."""
    return world_of(State(lake(), tags=tags, order=random.Random(7)))


@pytest.fixture(scope="session")
def snapshots() -> dict[str, dict[str, Any]]:
    return {}


@pytest.fixture
def world(world_of: Callable[[State], World], tags: str, snapshots: dict[str, dict[str, Any]]) -> World:
    """A Metabase that was provisioned once."""
    state = State(lake(), tags=tags, order=random.Random(11))
    metabase = world_of(state)
    if tags not in snapshots:
        assert metabase.run("apply") == 0, metabase.err
        snapshots[tags] = copy.deepcopy(state.data)
    state.data = copy.deepcopy(snapshots[tags])
    state.data["log"].clear()
    return metabase
