"""Permissions: the roles of the plan are those of docs/iam.md, statement by statement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from terraform_run import ROOT, Plan

TABLE = ROOT / "docs" / "iam.md"
START = "<!-- the plans, by role: tests/terraform/test_iam.py -->\n"
PLANS = {"prod": "With Airflow on ECS: `prod`", "mwaa": "With Amazon MWAA: `dev`"}
REASONED = {
    "cloudwatch:PutMetricData",
    "dynamodb:ListStreams",
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
    "ecr:GetAuthorizationToken",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcEndpoints",
    "glue:GetSecurityConfiguration",
    "logs:DescribeLogGroups",
    "redshift-data:CancelStatement",
    "redshift-data:DescribeStatement",
    "redshift-data:GetStatementResult",
    "s3:GetAccountPublicAccessBlock",
    "secretsmanager:GetRandomPassword",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
"""Actions that have no resource, or whose resource does not exist before the call. Only these may be
allowed on ``*``.
"""


def each(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def roles(plan: Plan) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield role name and statement for every policy of a role, and for policies that are attached to no role yet."""
    for resource in plan:
        if resource.kind in ("aws_iam_role_policy", "aws_iam_policy"):
            for statement in resource.policy():
                yield name_of(resource.address), statement


def name_of(address: str) -> str:
    """Return the modules and the resource of an address, without Terraform's syntax around them."""
    short = re.sub(r"module\.(role\.)?|aws_iam_(role_)?policy(_attachment)?\.|\[0\]", "", address)
    return re.sub(r'(?:\.\w+)?\["([\w-]+)"\]', r".\1", short).removesuffix(".this")


def managed(plan: Plan) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the AWS managed policies that are attached to a role. Their content is defined by AWS."""
    for resource in plan:
        if resource.kind == "aws_iam_role_policy_attachment":
            policy = resource.values["policy_arn"].partition(":policy/")[2]
            yield name_of(resource.address), {"Sid": "policy of AWS", "Action": policy, "Resource": "as AWS says"}


def table(plan: Plan) -> str:
    """Return the statements as a Markdown table, with the account and the region of the tests."""
    lines = ["| role | statement | actions | resources | condition |", "|---|---|---|---|---|"]
    for role, statement in (*roles(plan), *managed(plan)):
        cells = (
            role,
            statement["Sid"],
            "<br>".join(f"`{action}`" for action in each(statement["Action"])),
            "<br>".join(f"`{resource}`" for resource in each(statement["Resource"])),
            f"`{statement['Condition']}`" if "Condition" in statement else "",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def test_the_table_is_the_plan(plans: dict[str, Plan]) -> None:
    documented = TABLE.read_text().partition(START)[2]
    planned = "\n".join(f"## {title}\n\n{table(plans[name])}" for name, title in PLANS.items())
    assert documented == planned, f"write the new table below the mark of {TABLE.name}, and read it"


def test_no_action_is_a_wildcard(everything: Plan) -> None:
    wild = {
        (role, action) for role, statement in roles(everything) for action in each(statement["Action"]) if "*" in action
    }
    assert wild == set()


def test_policies_of_aws_are_for_backups_and_ci_only(everything: Plan) -> None:
    assert {(role.partition(".")[0], statement["Action"]) for role, statement in managed(everything)} == {
        ("backup", "service-role/AWSBackupServiceRolePolicyForBackup"),
        ("backup", "service-role/AWSBackupServiceRolePolicyForRestores"),
        ("cicd_oidc", "ReadOnlyAccess"),
        ("cicd_oidc", "PowerUserAccess"),
    }


def test_a_role_is_passed_to_named_services_only(everything: Plan) -> None:
    for role, statement in roles(everything):
        if "iam:PassRole" in each(statement["Action"]):
            assert statement["Condition"]["StringEquals"]["iam:PassedToService"], role
            assert all(":role/" in resource for resource in each(statement["Resource"])), role


def test_every_resource_is_allowed_only_for_actions_that_know_none(everything: Plan) -> None:
    for role, statement in roles(everything):
        if "*" in each(statement["Resource"]):
            assert set(each(statement["Action"])) <= REASONED, f"{role}, {statement['Sid']}"


@pytest.mark.parametrize("forbidden", ["iam:", "sts:AssumeRole", "s3:PutBucketPolicy", "kms:ScheduleKeyDeletion"])
def test_no_workload_administers(everything: Plan, forbidden: str) -> None:
    workloads = [(role, statement) for role, statement in roles(everything) if not role.startswith("cicd_oidc")]
    allowed = {action for _, statement in workloads for action in each(statement["Action"])}
    assert not [action for action in allowed if action.startswith(forbidden)]
