"""The Glue job of the feeds: in the network of the databases, with permissions for the files that it moves."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest
from recorded_calls import statements
from terraform_run import Plan
from test_plan import of, patterns

from estrela.model.feed_origin import DatabaseTable, FtpsFolder
from estrela.model.feeds import feeds

ROLE = "feed_job"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:"


def jobs(plan: Plan) -> dict[str, dict[str, Any]]:
    return {job.values["name"].partition("-")[2]: job.values for job in of(plan, "aws_glue_job")}


def rules(plan: Plan, kind: str, words: str) -> list[dict[str, Any]]:
    planned = of(plan, f"aws_vpc_security_group_{kind}_rule")
    return [rule.values for rule in planned if rule.values["description"] == words]


def test_runs_of_feeds_are_in_the_network_and_those_of_stars_reach_public_sources(plans: dict[str, Plan]) -> None:
    planned = {name: jobs(plan) for name, plan in plans.items()}
    assert {name: sorted(plan_jobs) for name, plan_jobs in planned.items()} == {
        "dev": ["dev"], "prod": ["prod", "prod-feeds"], "mwaa": ["dev"], "files": ["dev", "dev-feeds"]
    }  # fmt: skip
    zones = ["us-east-1a", "us-east-1b"]
    for name, environment in (("prod", "prod"), ("files", "dev")):
        assert not planned[name][environment]["connections"]
        connections = planned[name][f"{environment}-feeds"]["connections"]
        assert connections == [f"estrela-{environment}-feeds-{zone}" for zone in zones]
        glue_connections = [resource.values for resource in of(plans[name], "aws_glue_connection")]
        assert [connection["name"] for connection in glue_connections] == connections
        assert {connection["connection_type"] for connection in glue_connections} == {"NETWORK"}
        places = [connection["physical_connection_requirements"][0] for connection in glue_connections]
        assert [(place["availability_zone"], place["security_group_id_list"]) for place in places] == [
            (zone, ["sg-01234567"]) for zone in zones
        ]


def test_workers_of_a_run_talk_to_each_other_on_every_port(prod: Plan) -> None:
    """Glue starts no run in a network without such a rule for both directions."""
    for kind in ("ingress", "egress"):
        (rule,) = rules(prod, kind, "Within Glue runs of the feeds")
        assert (rule["from_port"], rule["to_port"], rule["cidr_ipv4"]) == (0, 65535, None)


def test_outside_of_the_network_runs_reach_declared_addresses_only(plans: dict[str, Plan]) -> None:
    outside = {
        name: {
            (rule.values["cidr_ipv4"], rule.values["from_port"], rule.values["to_port"])
            for rule in of(plans[name], "aws_vpc_security_group_egress_rule")
            if "feed-runs" in rule.address or ".outside[" in rule.address
            if rule.values["cidr_ipv4"]
        }
        for name in ("prod", "files")
    }
    by_nat = {("0.0.0.0/0", 443, 443)}
    assert outside == {
        "prod": by_nat | {("203.0.113.7/32", 990, 990), ("203.0.113.7/32", 50000, 50100)},
        "files": set(),
    }


def test_runs_read_the_secrets_that_feeds_name_and_those_of_the_warehouse() -> None:
    allowed = statements(ROLE)
    servers = {feed.origin.server for feed in feeds().values() if isinstance(feed.origin, DatabaseTable | FtpsFolder)}
    (pattern,) = allowed["SourceCredentials"].resources
    assert len(servers) > 1
    assert [server for server in servers if not fnmatchcase(f"{SECRET}{server}-AbCdEf", pattern)] == []
    assert not fnmatchcase(f"{SECRET}estrela-prod/warehouse/dataharvest-AbCdEf", pattern)
    names = {f"{SECRET}estrela-prod/{name}-??????" for name in ("warehouse/warehouse", "feeds/pii_key")}
    assert allowed["Secrets"].resources == names


@pytest.mark.parametrize(("name", "environment"), [("prod", "prod"), ("files", "dev")])
def test_dags_are_told_of_the_job_and_alarms_watch_it(plans: dict[str, Plan], name: str, environment: str) -> None:
    folder = f"estrela-{environment}/airflow/variables/estrela_"
    secrets = {secret.values["name"] for secret in of(plans[name], "aws_secretsmanager_secret")}
    variables = {secret.removeprefix(folder) for secret in secrets if secret.startswith(folder)}
    reached = {"feed_glue_job", "landing", "archive", "warehouse_secret", "pii_secret"}
    optional = {"alert_sender", "alert_recipients", "redshift_workgroup", "redshift_database"}
    assert variables >= reached
    assert variables & optional == (optional if name == "prod" else set())
    failed = patterns(plans[name])[f"estrela-{environment}-glue-run-failed"]["detail"]["jobName"]
    assert failed == [f"estrela-{environment}", f"estrela-{environment}-feeds"]
    late = patterns(plans[name])[f"estrela-{environment}-glue-run-succeeded"]["detail"]["jobName"]
    assert late == [f"estrela-{environment}"]


def test_copy_reads_what_a_run_of_a_feed_has_put_there() -> None:
    put, read = statements(ROLE)["CopyFiles"], statements("warehouse.redshift_role")["Rows"]
    assert put.resources == read.resources == {"arn:aws:s3:::estrela-prod-archive-123456789012/copy/*"}


def test_roles_that_load_files_into_redshift_have_the_role_of_its_database(plans: dict[str, Plan]) -> None:
    sql = {statement.values["sql"] for statement in of(plans["prod"], "aws_redshiftdata_statement")}
    assert sql == {
        "CREATE ROLE estrela_loader",
        "GRANT CREATE, TEMPORARY ON DATABASE warehouse TO ROLE estrela_loader",
        "GRANT CREATE, USAGE FOR SCHEMAS IN DATABASE warehouse TO ROLE estrela_loader",
        "GRANT SELECT, INSERT, UPDATE, DELETE, ALTER FOR TABLES IN DATABASE warehouse TO ROLE estrela_loader",
    }
    tagged = {name: tags_of_roles(plan) for name, plan in plans.items()}
    loaders = {"estrela-prod-airflow-worker", "estrela-prod-feeds-glue"}
    assert tagged["prod"] == {name: {"RedshiftDbRoles": "estrela_loader"} for name in loaders}
    assert (tagged["files"], tagged["mwaa"]) == ({}, {})


def tags_of_roles(plan: Plan) -> dict[str, dict[str, str]]:
    return {role.values["name"]: role.values["tags"] for role in of(plan, "aws_iam_role") if role.values["tags"]}
