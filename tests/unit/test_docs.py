"""The documentation is correct: links have targets, commands exist, code runs."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from estrela.model import DeliveredFile, Delivery, Dimension, plan
from estrela.model.feed import Feed
from estrela.model.source import Source

PROJECT = Path(__file__).parents[2]
PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md"), PROJECT / "metabase" / "README.md"])
DECISIONS = [page for page in PROJECT.glob("docs/decisions/*.md") if page.name != "README.md"]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z.-]+):", MAKEFILE, re.MULTILINE))
TWO_SCREENS = 84
PLACEHOLDERS = ("...", "<")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands() -> Iterator[tuple[str, str]]:
    """Yield each line of the shell blocks, with its page; a block without a language is a shell block."""
    for page in PAGES:
        for block in [*blocks(page.read_text(encoding="utf-8"), ""), *blocks(page.read_text(encoding="utf-8"), "sh")]:
            yield from ((page.name, line) for line in block.splitlines())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", re.sub(r"`[^`]*`", "", page.read_text(encoding="utf-8")))
    local = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_the_readme_is_two_screens_before_its_tables() -> None:
    lines = README.splitlines()
    assert next(place for place, line in enumerate(lines) if line.startswith("|")) <= TWO_SCREENS


def test_commands_name_targets_and_modules_that_exist() -> None:
    targets = {(page, word) for page, line in commands() for word in re.findall(r"^make ([a-z][a-z.-]*)", line.strip())}
    assert {pair for pair in targets if pair[1] not in TARGETS} == set()
    assert len(targets) > 10
    modules = {(page, name) for page, line in commands() for name in re.findall(r"python -m ([a-z_.]+)", line)}
    assert {pair for pair in modules if importlib.util.find_spec(pair[1]) is None} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_code_is_python(page: Path) -> None:
    for block in blocks(page.read_text(encoding="utf-8"), "python"):
        if not re.search(r"^\s*\.\.\.,?$", block, re.MULTILINE):
            compile(block.rstrip().rstrip(","), page.name, "exec")


def test_the_declarations_of_the_readme_run() -> None:
    dimension, source, star, feed = (
        block for block in blocks(README, "python") if re.search(r"\b(Dimension|ApiSource|Feed)\(", block)
    )
    spaces: list[dict[str, object]] = [{}, {}, {}, {}]
    for space, code in zip(spaces, (dimension, IMPORTS + source, star, feed), strict=True):
        exec(compile(code, "README.md", "exec"), space)
    assert isinstance(spaces[0]["dim_segment"], Dimension)
    assert isinstance(spaces[1]["fee_groups"], Source)
    assert isinstance(spaces[2]["dim_shop"], Dimension)
    assert isinstance(spaces[3]["rates"], Feed)


def test_the_origins_of_the_readme_run() -> None:
    (code,) = (block for block in blocks(README, "python") if "S3Deliveries(" in block)
    space: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), space)
    read = space["readings"].read(json.loads(space["delivery"].__doc__))
    assert read == Delivery("d2", (DeliveredFile("1.csv.gz", {"day": "2024-01-31"}, "..."),), ("d1",))
    assert [parameter.name for parameter in space["contracts"].parameters] == ["region"]


IMPORTS = """
from estrela.model import *
from estrela.model import ApiSource, Column, Digits, Field, Layout, OData, Text, not_null
from estrela.stars.banking.sources import FEES
"""


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_has_date_status_and_rejected_options(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    title, blank, state = text.splitlines()[:3]
    assert title.startswith("# ")
    assert blank == ""
    assert re.fullmatch(r"Date: \d{4}-\d\d-\d\d\. Status: (accepted|superseded by \[.+)( ?;.*)?\.", state)
    assert "**Rejected.**" in text or "\n## Rejected\n" in text
    assert f"]({page.name})" in (page.parent / "README.md").read_text(encoding="utf-8")


def test_every_dependency_has_its_reason() -> None:
    table = README.partition("## Dependencies")[2].lower()
    declared = set()
    for path in [
        PROJECT / "pyproject.toml",
        *PROJECT.glob("packages/*/pyproject.toml"),
        PROJECT / "metabase" / "pyproject.toml",
    ]:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        lists = [
            document["project"].get("dependencies", []),
            *document["project"].get("optional-dependencies", {}).values(),
        ]
        lists += document.get("dependency-groups", {}).values()
        declared |= {re.split(r"[\[<>=!~; ]", text)[0].lower() for requirements in lists for text in requirements}
    own = {path.parent.name.replace("_", "-") for path in PROJECT.glob("packages/*/pyproject.toml")} | {"metabase"}
    stubs = {name for name in declared if name.startswith("types-") or name.endswith("-stubs")}
    names = {name.removeprefix("apache-airflow-providers-") for name in declared - own - stubs}
    assert {name for name in names if name not in table} == set()


def test_every_target_says_what_it_does() -> None:
    described = set(re.findall(r"^([a-z.-]+):.*## ", MAKEFILE, re.MULTILINE))
    assert TARGETS - described - {".venv"} == set()


def test_make_test_takes_arguments() -> None:
    command = ["make", "--no-print-directory", "-n", "-o", ".venv/ready", "test", "ARGS=tests/unit/test_errors.py"]
    shown = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    assert shown.strip() == ".venv/bin/pytest tests/unit/test_errors.py"


def test_the_map_names_the_order_of_a_run() -> None:
    architecture = (PROJECT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert "extract_* -> news -> transform_<star> -> star -> publish -> telemetry" in architecture
    assert {plan.EXTRACT, plan.PUBLISH, plan.STAR, plan.TRANSFORM} == {"extract", "publish", "star", "transform"}


@pytest.mark.parametrize(
    ("page", "folders"),
    [("dataharvest_weaknesses.md", ["dataharvest"]), ("ledger_faults.md", ["ledger", "contract"])],
)
def test_the_tests_that_a_page_of_faults_names_exist(page: str, folders: list[str]) -> None:
    named = re.findall(r"`(test_\w+)`", (PROJECT / "docs" / page).read_text(encoding="utf-8"))
    files = [file for folder in folders for file in (PROJECT / "tests" / folder).glob("test_*.py")]
    source = "".join(file.read_text(encoding="utf-8") for file in files)
    assert len(named) > 15
    assert [name for name in named if f"def {name}(" not in source] == []
