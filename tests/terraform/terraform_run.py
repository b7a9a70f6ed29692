"""Terraform for tests: offline if an unpacked provider is on this machine, else from the registry."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "terraform"
PLACES = (Path("/opt"), Path("/usr/share"), Path("/usr/local/share"), Path.home() / ".terraform.d")
REGISTRY = "registry.terraform.io"


@dataclass(frozen=True)
class Terraform:
    """Terraform with the repository's configuration, and its own data below ``folder``."""

    folder: Path

    @property
    def env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "AWS_"))}
        settings = self.folder / "cli.tfrc"
        settings.write_text(f"disable_checkpoint = true\n{_mirror()}")
        return kept | {"TF_CLI_CONFIG_FILE": str(settings), "TF_DATA_DIR": str(self.folder), "TF_IN_AUTOMATION": "1"}

    def run(self, *arguments: str) -> str:
        """Run a command and return its output; fail with its error text."""
        command = ["terraform", *arguments]
        done = subprocess.run(command, cwd=CONFIGURATION, env=self.env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout


def initialised(folder: Path) -> Terraform:
    """Return Terraform with its provider checked against the lock file; skip with a reason if Terraform is missing."""
    if not shutil.which("terraform"):
        pytest.skip("NOT TESTED, terraform is not on the PATH: install Terraform 1.11 or newer")
    terraform = Terraform(folder)
    terraform.run("init", "-backend=false", "-input=false", "-lockfile=readonly")
    return terraform


def _mirror() -> str:
    """Return the settings that read providers from a local mirror of the registry, or "" if there is none."""
    for place in PLACES:
        for registry in [*place.glob(REGISTRY), *place.glob(f"*/{REGISTRY}")]:
            return f'provider_installation {{\n  filesystem_mirror {{ path = "{registry.parent}" }}\n}}\n'
    return ""


@dataclass(frozen=True)
class Resource:
    """A planned resource: its type, its address and its values, with policies read from their JSON."""

    kind: str
    address: str
    values: dict[str, Any]

    def policy(self, name: str = "policy") -> list[dict[str, Any]]:
        """Return the statements of a policy."""
        statements: list[dict[str, Any]] = json.loads(self.values[name])["Statement"]
        return statements


Plan = tuple[Resource, ...]


def plans_of(printed: str) -> dict[str, Plan]:
    """Return the plan of each run, from the output of ``terraform test -json -verbose``."""
    lines = [json.loads(line) for line in printed.splitlines()]
    return {line["@testrun"]: _resources(line["test_plan"]) for line in lines if line["type"] == "test_plan"}


def _resources(plan: dict[str, Any]) -> Plan:
    changes = plan["resource_changes"]
    return tuple(Resource(change["type"], change["address"], change["change"]["after"]) for change in changes)
