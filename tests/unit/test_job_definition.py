"""The Glue job of the demo: the lake is named in one place, and the wheel's dependencies are deployed with it."""

from __future__ import annotations

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grimp
import pytest
from packaging.requirements import Requirement

from demo.deployment import CATALOG_CONF, MODULES
from estrela.errors import SettingsError
from estrela.run_parts import WAREHOUSE, RunParts
from estrela.settings import Settings

ROOT = Path(__file__).parents[2]
ESTRELA = ROOT / "packages" / "estrela"
ON_GLUE = {"awsglue", "boto3", "botocore", "pyarrow", "pyspark", "py4j", "requests", "urllib3"}
"""Modules that Glue 5.1 provides."""
NOT_ON_GLUE = {"airflow"}
"""Modules that only the orchestration needs."""
OF_COMMANDS = {"alembic"}
"""Modules that only an operator's commands need (estrela[ledger]). A Glue run must not import them."""


def imported(path: Path) -> set[str]:
    """Return the top-level names of the modules that a file imports at run time."""
    tree = ast.parse(path.read_text())
    typing_only = {
        child for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for child in ast.walk(node)
    }  # fmt: skip
    nodes = [node for node in ast.walk(tree) if node not in typing_only]
    direct = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names = direct | {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) - {"estrela"}


def test_whatever_the_platform_imports_is_on_glue_or_travels_with_the_job() -> None:
    needed = {name for path in ESTRELA.rglob("*.py") if "airflow" not in path.parts for name in imported(path)}
    distributions = packages_distributions()
    travelling = {Requirement(module).name.lower() for module in MODULES}
    missing = {
        name
        for name in needed - ON_GLUE - OF_COMMANDS
        if not {distribution.lower() for distribution in distributions.get(name, [])} & travelling
    }
    assert missing == set()
    graph = grimp.build_graph("estrela", include_external_packages=True, cache_dir=None)
    assert needed >= OF_COMMANDS
    assert OF_COMMANDS & graph.find_upstream_modules("estrela.etl_factory") == set()
    assert {"psycopg", "sqlalchemy", "tenacity"} <= needed
    assert {name for path in (ESTRELA / "airflow").rglob("*.py") for name in imported(path)} <= NOT_ON_GLUE | ON_GLUE


def test_what_travels_is_pinned_as_in_the_lock_file() -> None:
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    locked = {package["name"]: package["version"] for package in packages}
    for module in map(Requirement, MODULES):
        assert str(module.specifier) == f"=={locked[module.name.lower()]}"
    declared = tomllib.loads((ESTRELA / "pyproject.toml").read_text())["project"]["dependencies"]
    extras = {requirement.name: requirement.extras for requirement in map(Requirement, declared)}
    assert all(module.extras == extras[module.name] for module in map(Requirement, MODULES))


class Session:
    """The settings of a Spark session."""

    def __init__(self, **given: str) -> None:
        self.given = given
        self.conf = SimpleNamespace(get=self.given.get, set=self._set)
        self._jvm = SimpleNamespace(functions=None, PythonUtils=None)

    def _set(self, name: str, value: str) -> None:
        self.given[name] = value


def parts(session: Session) -> Any:
    settings = Settings("banking", "banking", "transform", "lake-1", "dag/run/step")
    return RunParts(settings, lambda: session, SimpleNamespace())  # type: ignore[arg-type,return-value]


@pytest.mark.parametrize("configured", [None, "s3://lake-1/warehouse", "s3://lake-1/warehouse/"])
def test_the_tables_are_where_the_argument_says(configured: str | None) -> None:
    session = Session(**({WAREHOUSE: configured} if configured else {}))
    parts(session).lake()
    assert session.given[WAREHOUSE] == "s3://lake-1/warehouse"
    assert "warehouse" not in CATALOG_CONF


def test_a_second_place_for_the_lake_is_refused() -> None:
    with pytest.raises(SettingsError) as caught:
        parts(Session(**{WAREHOUSE: "s3://other/warehouse"})).lake()
    assert str(caught.value) == (
        "--conf: spark.sql.catalog.lake.warehouse is 's3://other/warehouse', but --lake lake-1 requires "
        "'s3://lake-1/warehouse'; remove it from --conf"
    )
