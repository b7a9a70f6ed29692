"""The certificates of Amazon RDS: their source, and the clients that verify databases with them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from terraform_run import ROOT, Plan
from test_plan import of
from test_plan_platform import containers, environment

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nof the authority\n-----END CERTIFICATE-----\n"


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("certificates_of_rds", ROOT / "terraform" / "certificates.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_they_come_from_an_address_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, given, taken = script(), tmp_path / "given.pem", tmp_path / "taken.pem"
    monkeypatch.setenv("RDS_CERTIFICATES", str(given))
    with pytest.raises(SystemExit, match=r"no certificates of RDS from .*given.pem: .*; RDS_CERTIFICATES names a file"):
        module.download(taken)
    given.write_text("<html>Not here</html>")
    with pytest.raises(SystemExit, match=r"given.pem holds no certificate in PEM; RDS_CERTIFICATES names a file"):
        module.download(taken)
    assert not taken.exists()
    given.write_text(CERTIFICATE)
    assert module.download(taken).read_text() == CERTIFICATE
    monkeypatch.setenv("RDS_CERTIFICATES", given.as_uri())
    assert module.download(taken).read_text() == CERTIFICATE


def arguments(plan: Plan) -> dict[str, dict[str, Any]]:
    return {job.values["name"]: job.values["default_arguments"] for job in of(plan, "aws_glue_job")}


def test_glue_runs_of_feeds_take_them_along(prod: Plan) -> None:
    given = arguments(prod)["estrela-prod-feeds"]
    (file,) = [resource.values for resource in of(prod, "aws_s3_object") if resource.values["key"].endswith("/rds.pem")]
    assert given["--extra-files"] == f"s3://{file['bucket']}/{file['key']}"
    assert given["--root_certificate"] == "rds.pem"
    assert file["key"].startswith("glue/")
    assert "--root_certificate" not in arguments(prod)["estrela-prod"]


def test_metabase_verifies_its_database(prod: Plan) -> None:
    address = environment(containers(prod)["metabase"])["MB_DB_CONNECTION_URI"]
    assert address.startswith("jdbc:postgresql://")
    assert "?sslmode=verify-full&sslrootcert=/app/certs/rds-combined-ca-bundle.pem" in address


def test_every_container_that_reaches_a_database_verifies_it(prod: Plan) -> None:
    assert "dis[t]/rds.pem /app/" in (ROOT / "airflow" / "Dockerfile").read_text()
    reaching = {
        name: environment(task) for name, task in containers(prod).items() if "DATABASE_HOST" in environment(task)
    }
    assert len(reaching) == 8
    for name, container in reaching.items():
        assert (container["PGSSLMODE"], container["PGSSLROOTCERT"]) == ("verify-full", "/app/rds.pem"), name
