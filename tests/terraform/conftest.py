"""The plans for every combination of flags, created once for all tests."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest
from deploy_stubs import Deployment, deployment_in
from terraform_run import Plan, Terraform, initialised, plans_of


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return deployment_in(tmp_path)


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    return initialised(tmp_path_factory.mktemp("terraform"))


@pytest.fixture(scope="session")
def plans(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> dict[str, Plan]:
    """Plans of ``terraform/tests/plan.tftest.hcl`` by the name of their run, created once for all test processes."""
    own = tmp_path_factory.getbasetemp()
    printed = (own if worker_id == "master" else own.parent) / "plans.jsonl"
    with printed.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not printed.exists():
            terraform: Terraform = request.getfixturevalue("terraform")
            printed.write_text(terraform.run("test", "-json", "-verbose"))
    return plans_of(printed.read_text())


@pytest.fixture(scope="session")
def prod(plans: dict[str, Plan]) -> Plan:
    return plans["prod"]


@pytest.fixture(scope="session")
def everything(plans: dict[str, Plan]) -> Plan:
    """The resources of all plans together, for rules that apply whatever the flags are."""
    return tuple(resource for plan in plans.values() for resource in plan)
