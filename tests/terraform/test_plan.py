"""The plans, read from their JSON: AWS Foundational Security Best Practices, by topic."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from terraform_run import Plan, Resource

from airflow_on_ecs.metrics import QUERIES
from estrela.ledger.waiting import HOURS_SINCE_ARRIVAL, OLDEST_NEW_AGE

POLICIES = {
    "aws_iam_role": "assume_role_policy",
    "aws_iam_role_policy": "policy",
    "aws_iam_policy": "policy",
    "aws_kms_key": "policy",
    "aws_s3_bucket_policy": "policy",
    "aws_sns_topic_policy": "policy",
    "aws_sqs_queue_policy": "policy",
    "aws_efs_file_system_policy": "policy",
}
"""Attributes that contain a policy, by type of resource."""


def of(plan: Plan, *kinds: str) -> list[Resource]:
    resources = [resource for resource in plan if resource.kind in kinds]
    assert resources, f"nothing planned is a {' or '.join(kinds)}"
    return resources


def statements(plan: Plan) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in plan:
        if resource.kind in POLICIES:
            for statement in resource.policy(POLICIES[resource.kind]):
                yield resource.address, statement


def each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_every_flag_has_a_plan_for_on_and_off(plans: dict[str, Plan]) -> None:
    assert set(plans) == {"dev", "prod", "mwaa", "files"}
    assert len(plans["dev"]) > 50
    kinds = {name: {resource.kind for resource in plan} for name, plan in plans.items()}
    only_prod = ("aws_ecs_service", "aws_nat_gateway", "aws_wafv2_web_acl", "aws_internet_gateway")
    for kind in (*only_prod, "aws_redshiftserverless_workgroup", "aws_rds_cluster", "aws_sesv2_email_identity"):
        assert [name for name in plans if kind in kinds[name]] == ["prod"], kind
    for kind in ("aws_lambda_function", "aws_dynamodb_table"):
        assert [name for name in plans if kind in kinds[name]] == ["prod", "files"], kind
    assert [name for name in plans if "aws_mwaa_environment" in kinds[name]] == ["mwaa"]
    assert [name for name in plans if "aws_vpc" in kinds[name]] == ["prod", "mwaa", "files"]


def test_without_airflow_nothing_is_billed_by_the_hour(plans: dict[str, Plan]) -> None:
    hourly = {
        "aws_db_instance",
        "aws_ecs_service",
        "aws_lb",
        "aws_mwaa_environment",
        "aws_nat_gateway",
        "aws_vpc_endpoint",
    }
    assert hourly & {resource.kind for resource in plans["dev"]} == set()


def test_every_bucket_is_encrypted_versioned_private_and_takes_only_tls(everything: Plan) -> None:
    buckets = {bucket.address.rpartition(".aws_s3")[0] for bucket in of(everything, "aws_s3_bucket")}
    kinds = {resource.address.rpartition(".aws_s3")[0]: set[str]() for resource in everything}
    for resource in everything:
        kinds[resource.address.rpartition(".aws_s3")[0]].add(resource.kind)
    needed = {
        "aws_s3_bucket_policy",
        "aws_s3_bucket_versioning",
        "aws_s3_bucket_public_access_block",
        "aws_s3_bucket_ownership_controls",
        "aws_s3_bucket_lifecycle_configuration",
        "aws_s3_bucket_server_side_encryption_configuration",
    }
    for bucket in buckets:
        assert needed <= kinds[bucket], bucket
    for policy in of(everything, "aws_s3_bucket_policy"):
        denied = [statement for statement in policy.policy() if statement["Effect"] == "Deny"]
        assert denied[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}, policy.address
        assert (denied[0]["Action"], denied[0]["Principal"]) == ("s3:*", "*")
    for block in of(everything, "aws_s3_bucket_public_access_block"):
        assert all(value for value in block.values.values() if isinstance(value, bool)), block.address


def test_access_logs_are_written_by_every_bucket_but_the_one_that_takes_them(prod: Plan) -> None:
    logging = {resource.address for resource in of(prod, "aws_s3_bucket_logging")}
    names = ("lake", "code", "landing", "archive", "deliveries", "failed")
    assert logging == {f'module.bucket["{name}"].aws_s3_bucket_logging.this[0]' for name in names}


def test_nothing_is_allowed_to_everybody(everything: Plan) -> None:
    for address, statement in statements(everything):
        if statement["Effect"] == "Allow":
            assert statement.get("Principal") not in ("*", {"AWS": "*"}), address
            services = each((statement.get("Principal") or {}).get("Service", []))
            assert not services or "Condition" in statement, f"{address}: a service acts for any account"


def test_a_role_is_taken_on_only_for_this_account(everything: Plan) -> None:
    for role in of(everything, "aws_iam_role"):
        for statement in role.policy("assume_role_policy"):
            if "Federated" not in statement["Principal"]:
                assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == "123456789012", role.address


def test_a_job_of_ci_gets_the_role_that_its_token_names(prod: Plan) -> None:
    issuer, repository = "token.actions.githubusercontent.com", "repo:example/estrela"
    subjects = {"plan": "pull_request", "deploy": "environment:prod", "dags": "ref:refs/heads/main"}
    for name, subject in subjects.items():
        (role,) = [
            resource for resource in of(prod, "aws_iam_role") if resource.values["name"] == f"estrela-prod-ci-{name}"
        ]
        (trusted,) = role.policy("assume_role_policy")
        assert trusted["Condition"] == {
            "StringEquals": {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": [f"{repository}:{subject}"]}
        }


def test_every_log_is_encrypted_and_kept_for_a_time(everything: Plan) -> None:
    for group in of(everything, "aws_cloudwatch_log_group"):
        assert group.values["retention_in_days"] >= 30, group.address
        assert group.values["kms_key_id"].startswith("arn:aws:kms:"), group.address


def test_keys_rotate_and_secrets_have_one(everything: Plan) -> None:
    assert all(key.values["enable_key_rotation"] for key in of(everything, "aws_kms_key"))
    assert all(secret.values["kms_key_id"] for secret in of(everything, "aws_secretsmanager_secret"))


def test_workgroups_enforce_a_scan_limit_and_encryption(everything: Plan) -> None:
    for group in of(everything, "aws_athena_workgroup"):
        settings = group.values["configuration"][0]
        assert settings["enforce_workgroup_configuration"], group.address
        assert settings["bytes_scanned_cutoff_per_query"] >= 2**30, group.address
        result = settings["result_configuration"][0]
        assert result["encryption_configuration"][0]["encryption_option"] == "SSE_KMS", group.address


def test_a_glue_run_needs_no_package_index_and_is_encrypted(prod: Plan) -> None:
    for job in of(prod, "aws_glue_job"):
        arguments = job.values["default_arguments"]
        assert arguments["--additional-python-modules"].endswith(".gluewheels.zip"), job.address
        assert arguments["--python-modules-installer-option"] == "--no-index", job.address
        assert (job.values["glue_version"], job.values["security_configuration"]) == ("5.1", "estrela-prod")
    for encryption in of(prod, "aws_glue_security_configuration"):
        modes = json.dumps(encryption.values["encryption_configuration"])
        assert "DISABLED" not in modes


def patterns(plan: Plan) -> dict[str, dict[str, Any]]:
    """Return the event patterns of rules by name; a schedule has none."""
    rules = {rule.values["name"]: rule.values["event_pattern"] for rule in of(plan, "aws_cloudwatch_event_rule")}
    return {name: json.loads(pattern) for name, pattern in rules.items() if pattern}


def test_alarms_reach_somebody_over_an_encrypted_topic(prod: Plan) -> None:
    (topic,) = of(prod, "aws_sns_topic")
    assert topic.values["kms_master_key_id"].startswith("arn:aws:kms:")
    assert [subscription.values["endpoint"] for subscription in of(prod, "aws_sns_topic_subscription")] == [
        "data@example.com"
    ]
    (budget,) = of(prod, "aws_budgets_budget")
    kinds = {notification["notification_type"] for notification in budget.values["notification"]}
    assert kinds == {"ACTUAL", "FORECASTED"}
    assert patterns(prod)["estrela-prod-glue-run-failed"]["detail"]["state"] == ["FAILED", "TIMEOUT", "ERROR"]


def test_alarms_go_off_for_late_data_a_silent_scheduler_dead_letters_and_the_database(plans: dict[str, Plan]) -> None:
    alarms = {
        name: {
            alarm.values["alarm_name"].partition(f"estrela-{'prod' if name == 'prod' else 'dev'}-")[2]
            for alarm in of(plan, "aws_cloudwatch_metric_alarm")
        }
        for name, plan in plans.items()
    }
    files = {"oldest-new-file", "ledger-silent", "dataharvest-iterator-age", "dataharvest-messages-wait"}
    files |= {f"dataharvest-{name}" for name in ("deposits-age", "transactions-age", "overdue", "silent")}
    dead = {queue.values["name"] for queue in of(plans["prod"], "aws_sqs_queue") if "-dead" in queue.values["name"]}
    files |= {"late-feed-card_settlements", *(f"dead-letters-{name}" for name in dead)}
    assert alarms.pop("files") > {"late-data", "oldest-new-file"}
    databases = {
        f"estrela-prod{kind}-{measure}" for kind in ("", "-warehouse") for measure in ("disk", "cpu", "connections")
    }
    assert alarms == {
        "dev": {"late-data"},
        "mwaa": {"late-data", "scheduler-heartbeat"},
        "prod": {"late-data", "scheduler-heartbeat", "failed-runs"} | databases | files,
    }


def test_late_data_is_a_day_without_a_run_that_succeeded(prod: Plan) -> None:
    (late,) = [
        alarm for alarm in of(prod, "aws_cloudwatch_metric_alarm") if alarm.values["alarm_name"].endswith("late-data")
    ]
    values = late.values
    assert (values["period"] * values["evaluation_periods"], values["treat_missing_data"]) == (26 * 3600, "breaching")
    assert patterns(prod)[values["dimensions"]["RuleName"]]["detail"]["state"] == ["SUCCEEDED"]


def test_alarms_measure_what_is_sent(prod: Plan) -> None:
    own = {
        alarm.values["metric_name"]
        for alarm in of(prod, "aws_cloudwatch_metric_alarm")
        if alarm.values["namespace"] == "Estrela"
    }
    assert own < {*QUERIES, OLDEST_NEW_AGE, HOURS_SINCE_ARRIVAL}


@pytest.mark.parametrize(("environment", "protected"), [("prod", True), ("dev", False)])
def test_what_holds_data_is_protected_in_prod(plans: dict[str, Plan], environment: str, protected: bool) -> None:
    plan = plans[environment]
    assert all(bucket.values["force_destroy"] is not protected for bucket in of(plan, "aws_s3_bucket"))
    windows = {secret.values["recovery_window_in_days"] for secret in of(plan, "aws_secretsmanager_secret")}
    assert windows == ({30} if protected else {0})
    if protected:
        (balancer,) = of(plan, "aws_lb")
        for database in of(plan, "aws_db_instance", "aws_rds_cluster"):
            assert database.values["deletion_protection"], database.address
            assert not database.values["skip_final_snapshot"], database.address
        assert balancer.values["enable_deletion_protection"]
