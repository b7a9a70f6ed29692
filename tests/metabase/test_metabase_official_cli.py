"""The request bodies are checked by Metabase's own command line, which is stricter than its OpenAPI document."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from credentials_of_tests import PASSWORD
from fake_metabase import State, serving
from werkzeug.wrappers import Request

from metabase.files import FOLDER, load
from metabase.provision.client import Timeouts
from metabase.provision.provision import Options, apply
from metabase.provision.target import Lake, Target

pytestmark = pytest.mark.clients
PACKAGE = "@metabase/cli@0.3.1"
JUDGED = {
    "POST /api/card": "card create",
    "POST /api/dashboard": "dashboard create",
    "PUT /api/dashboard": "dashboard update",
    "POST /api/collection": "collection create",
}
Body = dict[str, Any]


@pytest.fixture(scope="module")
def mb(pytestconfig: pytest.Config) -> Path:
    """The program, installed by npm into a cache folder that Git ignores."""
    folder = pytestconfig.rootpath / ".cache" / "metabase-cli"
    program = folder / "node_modules" / ".bin" / "mb"
    npm = shutil.which("npm")
    if not program.exists() and npm:
        folder.mkdir(parents=True, exist_ok=True)
        install = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--silent", PACKAGE]
        subprocess.run(install, timeout=180, check=False, capture_output=True)
    if not program.exists():
        pytest.skip(f"NO METABASE CLI: npm could not install {PACKAGE} into {folder}; it needs Node 20 and a registry")
    return program


@pytest.fixture(scope="module", params=["site", "project"])
def sent(request: pytest.FixtureRequest) -> list[tuple[str, Body]]:
    """The request bodies of a first apply, with method and kind of object."""
    bodies: list[tuple[str, Body]] = []

    def watch(seen: Request) -> None:
        if seen.method != "GET":
            kind = "/".join(seen.path.split("/")[:3])
            bodies.append((f"{seen.method} {kind}", json.loads(seen.get_data() or b"{}")))

    folder = FOLDER if request.param == "project" else request.path.parent / "site"
    lake = Lake("eu-west-1", "primary", "", "AwsDataCatalog", "")
    with serving(State(), watch) as url:
        target = Target(url, lake, "admin@example.com", PASSWORD)
        apply(load(folder), target, (), Options(run_cards=False), Timeouts(sync=0))
    return bodies


def output(program: Path, *words: str) -> Body:
    done = subprocess.run([program, *words], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout, f"mb {' '.join(words)} says nothing and ends with {done.returncode}: {done.stderr}"
    answer: Body = json.loads(done.stdout)
    return answer


@pytest.mark.slow
@pytest.mark.parametrize("kind", JUDGED)
def test_bodies_fit_the_programs_schemas(mb: Path, sent: list[tuple[str, Body]], kind: str) -> None:
    schema = output(mb, *JUDGED[kind].split(), "--help", "--json")["inputSchema"]
    judge = jsonschema.Draft202012Validator(schema)
    bodies = [body for request, body in sent if request == kind]
    assert bodies
    assert [error.message[:200] for body in bodies for error in judge.iter_errors(body)] == []
    assert list(judge.iter_errors({"name": 7}))


@pytest.mark.slow
def test_queries_are_sound_mbql(mb: Path, sent: list[tuple[str, Body]], tmp_path: Path) -> None:
    queries = [body["dataset_query"] for request, body in sent if request == "POST /api/card"]
    fullest = sorted(queries, key=lambda query: len(query["stages"][0]["template-tags"]))[-4:]
    broken = {**fullest[0], "stages": [{"lib/type": "mbql.stage/native", "template-tags": 7}]}
    verdicts = []
    for query in (*fullest, broken):
        (tmp_path / "query.json").write_text(json.dumps(query))
        verdicts.append(output(mb, "query", "--dry-run", "--file", str(tmp_path / "query.json"))["ok"])
    assert verdicts == [True] * len(fullest) + [False]
