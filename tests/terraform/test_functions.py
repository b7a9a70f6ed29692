"""Functions on AWS, read from the plans' JSON: feeds, warehouse and DataHarvest deploy what their packages declare."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from terraform_run import ROOT, Plan, Resource
from test_iam import roles
from test_plan import of

from dataharvest.batch import NAMESPACE
from dataharvest.metastore import VERSION
from dataharvest.model.choreography import CATAPULT, choreography
from dataharvest.overdue import OVERDUE_DATES
from dataharvest.resources import (
    EVENT_SOURCE,
    PARTITION_KEY,
    PORTFOLIO_EVENT,
    QUEUE,
    TABLE_STREAM,
    TABLES,
    Function,
    streams,
)
from dataharvest.resources import functions as declared
from dataharvest.settings import settings_from
from estrela.model.feeds import feeds

HANDLERS = {path.parent.name for path in (ROOT / "lambdas").glob("*/handler.py")}
LARGE = {path.parent.name for path in (ROOT / "lambdas" / "large").glob("*/handler.py")}
BATCHING = {"maximum_batching_window_in_seconds": 0, "parallelization_factor": 1}
"""Settings of a mapping that may be unset, with their defaults."""
STAGES = [stage.name for stage in choreography().stages]


@pytest.fixture(scope="module")
def files(plans: dict[str, Plan]) -> Plan:
    """The plan of feeds and DataHarvest without Airflow, as on the local AWS."""
    return plans["files"]


def functions(plan: Plan) -> dict[str, Resource]:
    """Return the functions by the name of their folder."""
    planned = of(plan, "aws_lambda_function")
    return {resource.values["filename"].rpartition("/")[2].removesuffix(".zip"): resource for resource in planned}


def settings(function: Resource) -> dict[str, str]:
    variables: dict[str, str] = function.values["environment"][0]["variables"]
    return variables


def worked_queues(function: Function) -> list[str]:
    """Return the queues of a declared function, without the prefix of the environment."""
    return [mapping.source for mapping in function.mappings if mapping.kind == QUEUE]


def queues(plan: Plan) -> dict[str, dict[str, Any]]:
    return {queue.values["name"]: queue.values for queue in of(plan, "aws_sqs_queue")}


def alarms(plan: Plan) -> dict[str, dict[str, Any]]:
    planned = of(plan, "aws_cloudwatch_metric_alarm")
    return {alarm.values["alarm_name"].removeprefix("estrela-dev-"): alarm.values for alarm in planned}


def test_every_handler_is_deployed(files: Plan, prod: Plan) -> None:
    assert set(functions(files)) == HANDLERS
    assert set(functions(prod)) == HANDLERS | LARGE


def test_every_function_is_in_the_network_encrypted_and_bounded(prod: Plan) -> None:
    logs = {group.values["name"] for group in of(prod, "aws_cloudwatch_log_group")}
    for name, function in functions(prod).items():
        values = function.values
        assert values["function_name"] == f"estrela-prod-{name.replace('_', '-')}"
        assert f"/aws/lambda/{values['function_name']}" in logs
        assert values["vpc_config"][0]["security_group_ids"], name
        assert values["kms_key_arn"].startswith("arn:aws:kms:"), name
        assert 1 <= values["reserved_concurrent_executions"] <= 5, name
        assert (values["runtime"], values["handler"]) == ("python3.13", "handler.handler")
        plain = [key for key in settings(function) if "PASSWORD" in key or key.endswith("_URL")]
        assert plain == [], name


def test_functions_whose_handler_traces_are_sampled_and_may_write_traces(prod: Plan) -> None:
    traced = {
        path.parent.name
        for path in (ROOT / "lambdas").glob("**/dataharvest_*/handler.py")
        if "\n@traced(" in path.read_text()
    }
    modes = {
        name: function.values["tracing_config"][0]["mode"]
        for name, function in functions(prod).items()
        if name.startswith("dataharvest_")
    }
    assert modes == dict.fromkeys(traced, "Active")
    writers = {role.rpartition(".")[2] for role, statement in roles(prod) if statement["Sid"] == "Traces"}
    assert writers == {name if name in writers else name.removeprefix("dataharvest_") for name in traced}


def test_every_function_verifies_its_database(prod: Plan) -> None:
    assert 'CERTIFICATES = "certificates/rds.pem"' in (ROOT / "lambdas" / "package.py").read_text()
    for name, function in functions(prod).items():
        variables = settings(function)
        tls = (variables["PGSSLMODE"], variables["PGSSLROOTCERT"])
        assert tls == ("verify-full", "/opt/certificates/rds.pem"), name


def test_each_stage_of_the_choreography_has_its_queue(files: Plan) -> None:
    stage_queues = {
        name.removeprefix("estrela-dev-dataharvest-")
        for name in queues(files)
        if "-dataharvest-" in name and not name.endswith(("-dead", ".fifo"))
    }
    assert stage_queues == {*STAGES, "arrivals"}
    expected = {f"dataharvest_{stage}" + ("" if stage == CATAPULT else "_transformer") for stage in STAGES}
    others = {f"dataharvest_{name}" for name in ("persistence", "dispatcher", "schema", "metrics")}
    assert {name for name in functions(files) if name.startswith("dataharvest_")} == expected | others


def test_functions_of_dataharvest_get_the_settings_that_they_read(files: Plan, prod: Plan) -> None:
    for plan, environment, large in ((files, "dev", False), (prod, "prod", True)):
        for name, function in functions(plan).items():
            if name.startswith("dataharvest_"):
                read = settings_from(settings(function))
                assert read.metastore == f"estrela-{environment}-dataharvest", name
                stores = (read.chunk_table, read.progress_table, read.bus)
                names = ("-chunks", "-progress", "") if large else ()
                assert stores == (tuple(f"{read.metastore}{end}" for end in names) or ("", "", "")), name


def test_large_deliveries_have_what_the_package_declares(prod: Plan, files: Plan) -> None:
    def names(kind: str) -> set[str]:
        return {resource.values["name"].removeprefix("estrela-prod-") for resource in of(prod, kind)}

    assert names("aws_dynamodb_table") == set(TABLES)
    assert names("aws_kinesis_stream") == set(streams(choreography()))
    assert all(resource.values["encryption_type"] == "KMS" for resource in of(prod, "aws_kinesis_stream"))
    (bus,) = [resource.values for resource in of(prod, "aws_cloudwatch_event_bus")]
    targets = [
        resource.values for resource in of(prod, "aws_cloudwatch_event_target") if resource.values["kinesis_target"]
    ]
    assert {values["event_bus_name"] for values in targets} == {bus["name"]}
    assert {values["arn"].rpartition("/estrela-prod-")[2] for values in targets} == set(streams(choreography()))
    for target in targets:
        assert target["input_path"] == "$.detail"
        assert target["kinesis_target"][0]["partition_key_path"] == PARTITION_KEY
    rules = [
        resource.values
        for resource in of(prod, "aws_cloudwatch_event_rule")
        if resource.values["event_bus_name"] == bus["name"]
    ]
    assert {json.dumps(json.loads(rule["event_pattern"])) for rule in rules} == {
        json.dumps({"detail-type": [PORTFOLIO_EVENT], "source": [EVENT_SOURCE]})
    }
    assert "aws_kinesis_stream" not in {resource.kind for resource in files}


def test_functions_take_batches_as_the_package_declares(prod: Plan) -> None:
    planned: dict[str, set[tuple[int, int, int]]] = {}
    for resource in of(prod, "aws_lambda_event_source_mapping"):
        name = re.search(r'(?:function|stream)\["(\w+)"\]|\.(stream)$', resource.address)
        if name:
            values = resource.values
            seconds, lanes = (values.get(key) or least for key, least in BATCHING.items())
            planned.setdefault(name[1] or name[2], set()).add((values["batch_size"], seconds, lanes))
    for function in declared(choreography()):
        for mapping in function.mappings:
            kinesis = mapping.source.removeprefix("dataharvest-")
            name_of_plan = {QUEUE: function.name, TABLE_STREAM: "stream"}.get(mapping.kind, kinesis)
            wanted = (mapping.batch_size, mapping.window_seconds, mapping.parallelization)
            assert planned[name_of_plan] == {wanted}, mapping.source


def test_a_message_is_hidden_for_six_times_its_function_and_is_kept_when_it_fails(prod: Plan) -> None:
    """AWS recommends this for queues of functions; a shorter timeout repeats messages that are being processed."""
    timeouts = {name: function.values["timeout"] for name, function in functions(prod).items()}
    longest = {
        source: timeouts[function.name] for function in declared(choreography()) for source in worked_queues(function)
    }
    worked = {
        name: values
        for name, values in queues(prod).items()
        if ("-feeds-" in name or "-dataharvest-" in name) and not name.endswith(("-dead", ".fifo"))
    }
    assert {name.removeprefix("estrela-prod-") for name in worked} == {*longest, "feeds-arrivals"}
    for name, values in worked.items():
        least = 6 * longest.get(name.removeprefix("estrela-prod-"), timeouts["register_file"])
        assert values["visibility_timeout_seconds"] >= least, name
        assert json.loads(values["redrive_policy"])["maxReceiveCount"] >= 5, name
        assert f"{name}-dead" in queues(prod)
    assert longest["dataharvest-splitter"] > longest["dataharvest-chunks"]
    for mapping in of(prod, "aws_lambda_event_source_mapping"):
        assert mapping.values["function_response_types"] == ["ReportBatchItemFailures"], mapping.address


def test_the_stream_is_retried_bisected_and_never_dropped(files: Plan) -> None:
    (stream,) = [
        mapping.values
        for mapping in of(files, "aws_lambda_event_source_mapping")
        if mapping.values["starting_position"] == "TRIM_HORIZON"
    ]
    assert (stream["bisect_batch_on_function_error"], stream["maximum_retry_attempts"]) == (True, 10)
    assert stream["destination_config"][0]["on_failure"][0]["destination_arn"] == (
        "arn:aws:s3:::estrela-dev-failed-123456789012"
    )


def test_the_metastore_can_be_restored_and_tells_of_each_change(prod: Plan) -> None:
    (table,) = [resource.values for resource in of(prod, "aws_dynamodb_table") if resource.values["stream_enabled"]]
    assert (table["hash_key"], table["range_key"]) == ("partition_key", "sort_key")
    assert VERSION not in {attribute["name"] for attribute in table["attribute"]}
    assert (table["stream_enabled"], table["stream_view_type"]) == (True, "NEW_AND_OLD_IMAGES")
    assert table["point_in_time_recovery"][0]["enabled"]
    assert table["server_side_encryption"][0]["kms_key_arn"].startswith("arn:aws:kms:")
    assert table["deletion_protection_enabled"]


def test_only_its_bucket_may_send_to_a_queue_and_only_by_tls(files: Plan) -> None:
    senders = {}
    for policy in of(files, "aws_sqs_queue_policy"):
        allowed = [statement for statement in policy.policy() if statement["Effect"] == "Allow"]
        denied = [statement for statement in policy.policy() if statement["Effect"] == "Deny"]
        assert denied[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}, policy.address
        for permission in allowed:
            senders[permission["Resource"].rpartition(":")[2]] = permission["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert senders == {
        "estrela-dev-feeds-arrivals": "arn:aws:s3:::estrela-dev-landing-123456789012",
        "estrela-dev-dataharvest-arrivals": "arn:aws:s3:::estrela-dev-deliveries-123456789012",
    }


def test_the_archive_starts_no_function(files: Plan) -> None:
    buckets = {notification.values["bucket"] for notification in of(files, "aws_s3_bucket_notification")}
    assert buckets == {"estrela-dev-landing-123456789012", "estrela-dev-deliveries-123456789012"}


def test_messages_are_limited_by_group_and_not_by_queue(files: Plan) -> None:
    """Otherwise the whole queue would be limited to 300 calls per second."""
    (queue,) = [
        resource.values for resource in of(files, "aws_sqs_queue") if resource.values["name"].endswith("-messages.fifo")
    ]
    assert (queue["deduplication_scope"], queue["fifo_throughput_limit"]) == ("messageGroup", "perMessageGroupId")


def test_names_of_clients_are_encrypted_by_a_key_of_their_own(files: Plan) -> None:
    assert {alias.values["name"] for alias in of(files, "aws_kms_alias")} == {
        "alias/estrela-dev",
        "alias/estrela-dev-dataharvest",
    }
    roles = {resource.address: json.dumps(resource.policy()) for resource in of(files, "aws_iam_role_policy")}
    readers = {address for address, policy in roles.items() if '"Names"' in policy}
    sensitive = {
        f"{transformer.name}_transformer" for transformer in choreography().transformers if transformer.is_sensitive
    }
    named = {re.findall(r'\.module\.function\["dataharvest_(\w+)"\]', address)[0] for address in readers}
    assert named == {"persistence", CATAPULT, *sensitive}


def test_alarms_go_off_for_dead_letters_late_feeds_and_files_that_wait(files: Plan, prod: Plan) -> None:
    planned = alarms(files)
    dead = {f"dead-letters-{name}" for name in queues(files) if "-dead" in name}
    assert len(dead) == len(STAGES) + 3
    database = {f"estrela-dev-warehouse-{kind}" for kind in ("disk", "cpu", "connections")}
    own = {"oldest-new-file", "ledger-silent"}
    own |= {f"dataharvest-{name}" for name in ("iterator-age", "messages-wait", "overdue", "silent")}
    assert planned["dataharvest-overdue"]["metric_name"] == OVERDUE_DATES
    assert planned["dataharvest-overdue"]["namespace"] == NAMESPACE
    assert set(planned) == dead | database | own | {"late-data"}
    (late,) = [
        alarm.values for alarm in of(prod, "aws_cloudwatch_metric_alarm") if "late-feed" in alarm.values["alarm_name"]
    ]
    assert late["dimensions"] == {"service": "ledger", "environment": "estrela-prod", "feed": "card_settlements"}
    assert late["dimensions"]["feed"] in feeds()


def test_the_warehouse_is_private_encrypted_and_its_passwords_are_replaced(prod: Plan, files: Plan) -> None:
    instances = {resource.values["identifier"]: resource.values for resource in of(prod, "aws_db_instance")}
    assert instances["estrela-prod-warehouse"]["storage_encrypted"]
    assert not instances["estrela-prod-warehouse"]["publicly_accessible"]
    rotations = of(prod, "aws_secretsmanager_secret_rotation")
    assert {rotation.values["rotation_rules"][0]["automatically_after_days"] for rotation in rotations} == {30}
    assert len(rotations) == 2
    assert "aws_secretsmanager_secret_rotation" not in {resource.kind for resource in files}


def test_redshift_and_the_example_source_are_private_and_encrypted(prod: Plan) -> None:
    (group,) = [resource.values for resource in of(prod, "aws_redshiftserverless_workgroup")]
    assert (group["publicly_accessible"], group["enhanced_vpc_routing"]) == (False, True)
    parameters = {parameter["parameter_key"]: parameter["parameter_value"] for parameter in group["config_parameter"]}
    assert parameters == {"require_ssl": "true"}
    assert len([subnet for subnet in of(prod, "aws_subnet") if ".private[" in subnet.address]) == 3
    (namespace,) = [resource.values for resource in of(prod, "aws_redshiftserverless_namespace")]
    assert (namespace["manage_admin_password"], namespace["kms_key_id"][:12]) == (True, "arn:aws:kms:")
    (cluster,) = [resource.values for resource in of(prod, "aws_rds_cluster")]
    assert (cluster["storage_encrypted"], cluster["deletion_protection"]) == (True, True)
    assert cluster["serverlessv2_scaling_configuration"][0]["min_capacity"] == 0


def test_without_airflow_functions_and_runs_reach_only_the_endpoints_that_they_call(files: Plan) -> None:
    names = {endpoint.values["service_name"].partition("us-east-1.")[2] for endpoint in of(files, "aws_vpc_endpoint")}
    assert names == {"s3", "dynamodb", "kms", "secretsmanager", "sqs", "glue", "logs"}
