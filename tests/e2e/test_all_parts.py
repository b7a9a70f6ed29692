"""All parts of terraform/ at once on a local AWS: apply, a plan that changes nothing, destroy, nothing left.

The files that functions and Glue jobs run are stand-ins: here only settings are compared, and no part runs.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from terraform_run import CONFIGURATION, ROOT, Terraform

from localaws.running import Running, running

pytestmark = pytest.mark.long
DOMAIN = "data.example.com"
PARALLEL = "4"
"""Requests at a time; more would be answered later than the provider waits, on a machine with other load."""
IDENTITY_PROVIDER = "https://id.example.com"
ROLES_OF_CI = {"plan": "pull_request", "deploy": "environment:all", "dags": "ref:refs/heads/main"}
SETTINGS: dict[str, Any] = {
    "environment": "all",
    "account_id": "123456789012",
    "region": "us-east-1",
    "git_sha": "0123456789abcdef0123456789abcdef01234567",
    "s3_path_style": True,
    "functions": {"runtime": "python3.11"},
    "log_retention_days": 365,
    "alarm_emails": ["data@example.com"],
    "sender": "data@example.com",
    "domain": DOMAIN,
    "metabase": True,
    "multi_az": True,
    "enable_waf": True,
    "public_ui": True,
    "feeds": True,
    "dataharvest": True,
    "large_deliveries": True,
    "redshift": True,
    "example_source": True,
    "feed_sources": {"FTPS of the back office": {"cidr": "203.0.113.7/32", "port": 990, "last_port": 992}},
    "late_feeds": {"card_settlements": 26},
    "oidc_client_secret": "hush",
    "oidc": {
        "issuer": IDENTITY_PROVIDER,
        "authorization_endpoint": f"{IDENTITY_PROVIDER}/authorize",
        "token_endpoint": f"{IDENTITY_PROVIDER}/token",
        "user_info_endpoint": f"{IDENTITY_PROVIDER}/user",
        "client_id": "estrela",
    },
    "ci_issuers": {
        "token.actions.githubusercontent.com": {
            "audience": "sts.amazonaws.com",
            "subjects": {role: [f"repo:example/estrela:{where}"] for role, where in ROLES_OF_CI.items()},
        }
    },
}
"""Every part, as in prod, but without protection against deletion."""
EVERYTHING = {
    # the two ways out of the network exclude each other
    "ecs": {"airflow": "ecs", "enable_nat": False},
    "mwaa": {"airflow": "mwaa", "enable_nat": True},
}
LISTED = """
    acm list_certificates CertificateSummaryList
    application-autoscaling describe_scalable_targets ScalableTargets ServiceNamespace=ecs
    athena list_work_groups WorkGroups
    backup list_backup_plans BackupPlansList
    backup list_backup_vaults BackupVaultList
    cloudwatch describe_alarms MetricAlarms
    cloudwatch list_dashboards DashboardEntries
    dynamodb list_tables TableNames
    ec2 describe_nat_gateways NatGateways
    ec2 describe_security_group_rules SecurityGroupRules
    ec2 describe_security_groups SecurityGroups
    ec2 describe_subnets Subnets
    ec2 describe_vpc_endpoints VpcEndpoints
    ec2 describe_vpcs Vpcs
    ecr describe_repositories repositories
    ecs list_clusters clusterArns
    ecs list_task_definition_families families status=ACTIVE
    efs describe_file_systems FileSystems
    elbv2 describe_load_balancers LoadBalancers
    elbv2 describe_target_groups TargetGroups
    events list_rules Rules
    glue get_connections ConnectionList
    glue get_databases DatabaseList
    glue list_jobs JobNames
    iam list_open_id_connect_providers OpenIDConnectProviderList
    iam list_policies Policies Scope=Local
    iam list_roles Roles
    kinesis list_streams StreamNames
    kms list_aliases Aliases
    lambda list_event_source_mappings EventSourceMappings
    lambda list_functions Functions
    lambda list_layers Layers
    logs describe_log_groups logGroups
    mwaa list_environments Environments
    rds describe_db_clusters DBClusters
    rds describe_db_instances DBInstances
    rds describe_db_parameter_groups DBParameterGroups
    rds describe_db_subnet_groups DBSubnetGroups
    redshift-serverless list_namespaces namespaces
    redshift-serverless list_workgroups workgroups
    route53 list_resource_record_sets ResourceRecordSets
    s3 list_buckets Buckets
    secretsmanager list_secrets SecretList
    servicediscovery list_namespaces Namespaces
    sns list_subscriptions Subscriptions
    sns list_topics Topics
    sqs list_queues QueueUrls
    wafv2 list_web_acls WebACLs Scope=REGIONAL
"""
"""Service, operation, and the field of its answer; some with an argument."""
EMPTY_WITH = {
    "ecs": {"mwaa list_environments", "ec2 describe_nat_gateways"},
    "mwaa": {"efs describe_file_systems"},
}
"""What there is none of with these flags."""


@dataclass
class Deployed:
    """A configuration of all parts, applied to a local AWS. ``seconds`` are those of each command."""

    terraform: Path
    env: dict[str, str]
    aws: Running
    zone: str
    seconds: dict[str, float] = field(default_factory=dict)

    def run(self, command: str, *arguments: str) -> tuple[int, str]:
        """Run a command of Terraform; return its status and what it printed."""
        began = time.monotonic()
        words = ["terraform", command, "-no-color", *arguments]
        done = subprocess.run(
            words, cwd=self.terraform, env=self.env, check=False, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.seconds[command] = time.monotonic() - began
        return done.returncode, done.stdout

    def resources(self) -> Counter[str]:
        """Return how many resources of each type the state has."""
        status, printed = self.run("show", "-json")
        assert status == 0, printed
        root = json.loads(printed).get("values", {}).get("root_module", {})
        return Counter(resource["type"] for resource in _in_module(root) if resource["mode"] == "managed")

    def listed(self) -> dict[str, int]:
        """Return how many resources the local AWS lists, by service and operation."""
        return {name: len(items) for name, items in self._lists()}

    def left(self, before: dict[str, int]) -> dict[str, int]:
        """Return what is listed in another number than before."""
        return {name: number for name, number in self.listed().items() if number != before[name]}

    def _lists(self) -> Iterator[tuple[str, list[Any]]]:
        for line in filter(None, map(str.strip, LISTED.splitlines())):
            service, operation, name, *given = line.split()
            arguments = dict(argument.split("=") for argument in given)
            if operation == "list_resource_record_sets":
                arguments["HostedZoneId"] = self.zone
            client = self.aws.client(service, config=Config(inject_host_prefix=False))
            if client.can_paginate(operation):
                pages = list(client.get_paginator(operation).paginate(**arguments))
            else:
                pages = [getattr(client, operation)(**arguments)]
            yield f"{service} {operation}", [item for page in pages for item in page.get(name, []) if not _stays(item)]


def _stays(item: Any) -> bool:
    """Return whether AWS lists an item after its end: deleted gateways for a while, a default group for ever."""
    return isinstance(item, dict) and (
        item.get("State") == "deleted" or item.get("DBParameterGroupName", "").startswith("default.")
    )


def _in_module(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _in_module(child)


def stand_ins(folder: Path) -> dict[str, Any]:
    """Write what the build would write, with the names of tests/package; return the settings that name it."""
    folder.mkdir()
    for path in (CONFIGURATION / "tests" / "package").iterdir():
        if path.suffix == ".zip":
            module = "python/library.py" if "libraries" in path.name else "handler.py"
            with zipfile.ZipFile(folder / path.name, "w") as archive:
                archive.writestr(module, "def handler(event, context):\n    return None\n")
        else:
            shutil.copy(path, folder)
    names = {"wheel": "estrela.whl", "libraries": "estrela.gluewheels.zip"}
    package = {"script": str(ROOT / "glue" / "job_template.py")} | {
        kind: str(folder / name) for kind, name in names.items()
    }
    return {
        "package": package,
        "functions": {"runtime": "python3.11", "folder": str(folder)},
        "rds_certificates": str(folder / "rds.pem"),
        "mwaa": {"requirements": str(ROOT / "airflow" / "mwaa_requirements.txt")},
    }


@pytest.fixture(params=sorted(EVERYTHING))
def deployed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Deployed]:
    if not shutil.which("terraform"):
        pytest.skip("NOT TESTED, terraform is not on the PATH: install Terraform 1.11 or newer")
    folder = tmp_path / "terraform"
    shutil.copytree(CONFIGURATION, folder, ignore=shutil.ignore_patterns(".terraform", "tests"))
    (folder / "backend_override.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    (tmp_path / "data").mkdir()
    with running(tmp_path / "home", warm=0) as aws:
        zone = aws.client("route53").create_hosted_zone(Name=DOMAIN, CallerReference="1")["HostedZone"]["Id"]
        settings = SETTINGS | EVERYTHING[request.param] | stand_ins(tmp_path / "dist")
        settings["zone_id"] = zone.removeprefix("/hostedzone/")
        (folder / "all.auto.tfvars.json").write_text(json.dumps(settings))
        # as deploy.sh --target local: a call that fails there fails for good
        env = Terraform(tmp_path / "data").env | aws.env | {"AWS_MAX_ATTEMPTS": "2", "TF_INPUT": "0"}
        # MWAA's operations have a prefix before the host, which an address cannot have
        env["HTTP_PROXY"] = aws.endpoint
        yield Deployed(folder, env, aws, settings["zone_id"])


def test_all_parts_are_applied_planned_without_changes_and_destroyed(
    deployed: Deployed, request: pytest.FixtureRequest
) -> None:
    flags, parallel = request.node.callspec.params["deployed"], f"-parallelism={PARALLEL}"
    before = deployed.listed()
    for command in (("init", "-lockfile=readonly"), ("apply", "-auto-approve", parallel)):
        status, printed = deployed.run(*command)
        assert status == 0, printed[-5000:]
    applied, resources = deployed.listed(), deployed.resources()
    changes, plan = deployed.run("plan", "-detailed-exitcode", parallel)
    status, printed = deployed.run("destroy", "-auto-approve", parallel)
    report(flags, resources, deployed.seconds)
    assert changes == 0, plan[-10000:]
    assert status == 0, printed[-5000:]
    assert deployed.resources() == Counter()
    assert deployed.left(before) == {}
    assert {name for name, number in applied.items() if number <= before[name]} == EMPTY_WITH[flags]


def report(flags: str, resources: Counter[str], seconds: dict[str, float]) -> None:
    times = ", ".join(f"{command} {seconds[command]:.0f} s" for command in ("apply", "plan", "destroy"))
    print(f"\n{flags}: {resources.total()} resources of {len(resources)} types; {times}")
