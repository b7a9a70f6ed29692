"""Rules of the configuration: formatted, valid, every variable described, all modules built alike."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from terraform_run import CONFIGURATION, Terraform

MODULES = sorted(path for path in (CONFIGURATION / "modules").iterdir())
FILES = {"main.tf", "outputs.tf", "variables.tf", "versions.tf"}
BLOCK = re.compile(r'^(?P<kind>variable|output) "(?P<name>\w+)" \{\n(?P<body>.*?)^\}', re.MULTILINE | re.DOTALL)


def test_it_is_formatted(terraform: Terraform) -> None:
    terraform.run("fmt", "-check", "-recursive")


def test_the_provider_tags_every_resource_with_commit_repository_and_environment() -> None:
    """A mocked provider does not report default tags, so the test reads them in the configuration."""
    assert re.search(r"default_tags \{\s+tags = local.tags", (CONFIGURATION / "versions.tf").read_text())
    tags = re.search(r"^  tags = \{\n(.*?)^  \}", (CONFIGURATION / "main.tf").read_text(), re.MULTILINE | re.DOTALL)
    assert tags
    assert {"environment", "git_sha", "repository"} <= set(re.findall(r"^ +(\w+) +=", tags[1], re.MULTILINE))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_module_is_four_files_and_is_used(module: Path) -> None:
    assert {path.name for path in module.glob("*.tf")} == FILES
    files = [*CONFIGURATION.glob("*.tf"), *CONFIGURATION.glob("modules/*/main.tf")]
    assert any(re.search(rf'"\.(/modules|\.)/{module.name}"', path.read_text()) for path in files)


@pytest.mark.parametrize("folder", [CONFIGURATION, *MODULES], ids=lambda path: path.name)
def test_every_variable_and_output_is_described_and_every_variable_typed(folder: Path) -> None:
    text = (folder / "variables.tf").read_text() + (folder / "outputs.tf").read_text()
    for block in BLOCK.finditer(text):
        assert re.search(r'^  description += "', block["body"], re.MULTILINE), block["name"]
        assert block["kind"] == "output" or "  type " in block["body"], block["name"]


def test_every_variable_of_the_root_that_is_no_switch_is_validated() -> None:
    blocks = BLOCK.finditer((CONFIGURATION / "variables.tf").read_text())
    loose = {block["name"] for block in blocks if "validation {" not in block["body"] and "= bool" not in block["body"]}
    assert loose == set()


def test_no_machine_path_is_in_it() -> None:
    """The only exception is the file that Lambda unpacks from a layer."""
    text = "".join(path.read_text() for path in CONFIGURATION.rglob("*") if path.suffix in (".tf", ".hcl", ".tfvars"))
    assert not re.search(r"/(opt|work|home|root|tmp)/", text.replace('"/opt/certificates/rds.pem"', ""))


def test_every_check_that_checkov_skips_has_a_reason() -> None:
    lines = (CONFIGURATION / "checkov.yaml").read_text().partition("skip-check:\n")[2].splitlines()
    assert len(lines) > 10
    for line in lines:
        assert re.fullmatch(r"  - CKV2?_AWS_\d+ # \w.{15,}", line), line
