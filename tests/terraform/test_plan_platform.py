"""Resources that always run, read from the plans' JSON: network, database, Airflow on ECS, Amazon MWAA."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from terraform_run import Plan, Resource
from test_plan import of

from estrela.airflow.connection import TEMPLATES

AIRFLOW = {"api-server", "scheduler", "dag-processor", "triggerer", "worker"}
SECRET_NAMES = ("PASSWORD", "SECRET", "FERNET", "CONN")
NO_SECRETS = {
    "AIRFLOW_CONN_AWS_DEFAULT",
    "AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID",
    "AIRFLOW__SECRETS__BACKEND",
    "AIRFLOW__SECRETS__BACKEND_KWARGS",
    "MB_DB_CONNECTION_URI",
}


def containers(plan: Plan) -> dict[str, dict[str, Any]]:
    """Return the only container of each task definition, by name."""
    definitions = [json.loads(task.values["container_definitions"]) for task in of(plan, "aws_ecs_task_definition")]
    return {only["name"]: only for (only,) in definitions}


def environment(container: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in container["environment"]}


def services(plan: Plan) -> dict[str, Resource]:
    return {service.values["name"]: service for service in of(plan, "aws_ecs_service")}


def groups(plan: Plan) -> dict[str, str]:
    return {
        group.values["name"].removeprefix("estrela-prod-"): group.address for group in of(plan, "aws_security_group")
    }


def rules(plan: Plan) -> set[tuple[str, int]]:
    """Return the connections from other security groups: the description of the rule, and its port."""
    planned = of(plan, "aws_vpc_security_group_ingress_rule")
    return {(rule.values["description"], rule.values["from_port"]) for rule in planned if not rule.values["cidr_ipv4"]}


def test_nothing_that_runs_has_a_public_address(everything: Plan) -> None:
    for service in of(everything, "aws_ecs_service"):
        assert not service.values["network_configuration"][0]["assign_public_ip"], service.address
    assert not any(subnet.values["map_public_ip_on_launch"] for subnet in of(everything, "aws_subnet"))
    assert not any(database.values["publicly_accessible"] for database in of(everything, "aws_db_instance"))
    assert {resource.values["webserver_access_mode"] for resource in of(everything, "aws_mwaa_environment")} == {
        "PRIVATE_ONLY"
    }


def test_the_network_lets_in_people_at_the_load_balancer_only(everything: Plan) -> None:
    for rule in of(everything, "aws_vpc_security_group_ingress_rule"):
        if rule.values["cidr_ipv4"]:
            assert '"10.0.0.0/8:' in rule.address, rule.address
            assert rule.values["from_port"] in (80, 443)
            assert rule.values["cidr_ipv4"] != "0.0.0.0/0"


def test_each_service_is_reached_by_those_that_need_it_and_by_nobody_else(prod: Plan) -> None:
    metadata = {(f"Metadata for airflow-{part}", 5432) for part in AIRFLOW | {"metrics", "setup"}}
    assert rules(prod) == metadata | {
        ("Pages of Airflow", 8080),
        ("Pages of Metabase", 3000),
        ("Dashboards of Metabase", 3000),
        ("Own data of Metabase", 5432),
        ("Execution API for airflow-worker", 8080),
        ("Execution API for airflow-triggerer", 8080),
        ("DAG releases for airflow-worker", 2049),
        ("DAG releases for airflow-dag-processor", 2049),
        ("DAG releases for dag-sync", 2049),
        ("Roles of the database", 5432),
        ("Roles of the warehouse", 5432),
        ("Ledger of the feeds", 5432),
        ("Ledger for airflow-worker", 5432),
        ("Ledger for feed-runs", 5432),
        ("Source for feed-runs", 5432),
        ("Within Glue runs of the feeds", 0),
        ("Deliveries of DataHarvest", 5432),
    }
    assert len(groups(prod)) == len(AIRFLOW) + 17


def test_without_nat_nothing_leaves_but_to_endpoints(plans: dict[str, Plan]) -> None:
    egress = of(plans["mwaa"], "aws_vpc_security_group_egress_rule")
    assert not [rule.address for rule in egress if rule.values["cidr_ipv4"]]
    names = {
        endpoint.values["service_name"].partition("us-east-1.")[2] for endpoint in of(plans["mwaa"], "aws_vpc_endpoint")
    }
    assert {"s3", "dynamodb", "sqs", "logs", "kms", "secretsmanager", "airflow.api", "airflow.env"} <= names


def test_flow_logs_are_written(everything: Plan) -> None:
    networks = {network.address.partition(".aws_")[0] for network in of(everything, "aws_vpc")}
    assert {flow_log.address.partition(".aws_")[0] for flow_log in of(everything, "aws_flow_log")} == networks


def test_the_database_is_encrypted_backed_up_and_takes_only_tls(prod: Plan) -> None:
    instances = of(prod, "aws_db_instance")
    assert len(instances) == 2
    for database in instances:
        values = database.values
        assert (values["storage_encrypted"], values["multi_az"], values["manage_master_user_password"]) == (True,) * 3
        assert values["backup_retention_period"] == 35, database.address
    for parameters in of(prod, "aws_db_parameter_group", "aws_rds_cluster_parameter_group"):
        settings = {parameter["name"]: parameter["value"] for parameter in parameters.values["parameter"]}
        assert settings["rds.force_ssl"] == "1", parameters.address


def test_the_queue_hides_a_message_for_longer_than_the_longest_task(prod: Plan) -> None:
    """If a message becomes visible again, the running task fails. Queue and broker must have the same timeout."""
    (queue,) = [resource for resource in of(prod, "aws_sqs_queue") if resource.values["name"] == "estrela-prod-airflow"]
    hidden = queue.values["visibility_timeout_seconds"]
    _, _, deadline = TEMPLATES["deadline_minutes"].rpartition(", '")
    assert hidden >= timedelta(minutes=int(deadline.partition("'")[0]) + 60).total_seconds()
    broker = environment(containers(prod)["airflow-worker"])
    assert broker["AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT"] == str(hidden)
    assert broker["AIRFLOW__CELERY__WORKER_ENABLE_REMOTE_CONTROL"] == "False"
    assert all(resource.values["kms_master_key_id"] for resource in of(prod, "aws_sqs_queue"))


def test_every_container_is_harmless_and_knows_its_secrets_by_arn(prod: Plan) -> None:
    for name, container in containers(prod).items():
        assert container["readonlyRootFilesystem"], name
        assert container["user"].split(":")[0] != "0", name
        assert container["linuxParameters"] == {"capabilities": {"drop": ["ALL"]}, "initProcessEnabled": True}, name
        assert container["stopTimeout"] == 120, name
        assert container["logConfiguration"]["logDriver"] == "awslogs", name
        assert all(secret["valueFrom"].startswith("arn:aws:secretsmanager:") for secret in container["secrets"]), name
        plain = [key for key in environment(container) if any(word in key for word in SECRET_NAMES)]
        assert set(plain) <= NO_SECRETS, name


def test_every_part_of_airflow_runs_with_a_health_check(prod: Plan) -> None:
    assert set(services(prod)) == {"metabase"} | {f"airflow-{part}" for part in AIRFLOW | {"metrics"}}
    for part in AIRFLOW:
        assert containers(prod)[f"airflow-{part}"]["healthCheck"]["command"][-1] == part
    spot = {
        name
        for name, service in services(prod).items()
        if service.values["capacity_provider_strategy"][0]["capacity_provider"] == "FARGATE_SPOT"
    }
    assert spot == {"airflow-worker"}


def test_the_execution_api_is_reached_inside_the_network_only(prod: Plan) -> None:
    worker = environment(containers(prod)["airflow-worker"])
    assert worker["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://airflow-api:8080/execution/"
    served = services(prod)["airflow-api-server"].values["service_connect_configuration"][0]["service"]
    assert served[0]["client_alias"][0] == {"dns_name": "airflow-api", "port": 8080}
    (closed,) = [rule for rule in of(prod, "aws_lb_listener_rule") if rule.address.endswith('.closed["airflow"]')]
    paths = [
        condition["path_pattern"][0]["values"] for condition in closed.values["condition"] if condition["path_pattern"]
    ]
    assert paths == [["/execution", "/execution/*"]]
    assert closed.values["action"][0]["fixed_response"][0]["status_code"] == "404"
    open_rules = [rule.values["priority"] for rule in of(prod, "aws_lb_listener_rule") if ".app[" in rule.address]
    assert closed.values["priority"] < min(open_rules)


def test_people_come_by_https_and_sign_in_first(prod: Plan) -> None:
    listeners = {listener.values["port"]: listener.values for listener in of(prod, "aws_lb_listener")}
    assert listeners[80]["default_action"][0]["redirect"][0]["protocol"] == "HTTPS"
    assert listeners[443]["ssl_policy"].startswith("ELBSecurityPolicy-TLS13")
    for rule in of(prod, "aws_lb_listener_rule"):
        if ".app[" in rule.address:
            assert [action["type"] for action in rule.values["action"]] == ["authenticate-oidc", "forward"]
    (balancer,) = of(prod, "aws_lb")
    assert (balancer.values["drop_invalid_header_fields"], balancer.values["access_logs"][0]["enabled"]) == (True, True)


def test_dag_releases_are_encrypted_and_written_by_one_task_only(prod: Plan) -> None:
    (files,) = of(prod, "aws_efs_file_system")
    assert (files.values["encrypted"], files.values["throughput_mode"]) == (True, "elastic")
    writable = {
        name
        for name, container in containers(prod).items()
        for mount in container["mountPoints"]
        if mount["sourceVolume"] == "files" and not mount["readOnly"]
    }
    assert writable == {"dag-sync"}
    (point,) = of(prod, "aws_efs_access_point")
    assert (point.values["posix_user"][0]["uid"], point.values["posix_user"][0]["gid"]) == (50000, 0)


def test_images_are_commits_that_are_scanned_and_never_replaced(prod: Plan) -> None:
    for repository in of(prod, "aws_ecr_repository"):
        assert repository.values["image_tag_mutability"] == "IMMUTABLE", repository.address
        assert repository.values["image_scanning_configuration"][0]["scan_on_push"], repository.address
    assert containers(prod)["airflow-worker"]["image"].endswith(":0123456789abcdef0123456789abcdef01234567")


def test_workers_follow_the_tasks_that_are_queued_or_running(prod: Plan) -> None:
    (policy,) = of(prod, "aws_appautoscaling_policy")
    tracked = policy.values["target_tracking_scaling_policy_configuration"][0]
    worker = environment(containers(prod)["airflow-worker"])
    assert str(tracked["target_value"]) == worker["AIRFLOW__CELERY__WORKER_CONCURRENCY"]
    assert tracked["scale_in_cooldown"] > 10 * tracked["scale_out_cooldown"]
    assert json.loads(worker["AIRFLOW__CELERY__EXTRA_CELERY_CONFIG"]) == {"imports": ["airflow_on_ecs.task_protection"]}


def test_mwaa_reads_a_versioned_bucket_and_logs_everything(plans: dict[str, Plan]) -> None:
    (environment_,) = of(plans["mwaa"], "aws_mwaa_environment")
    assert environment_.values["source_bucket_arn"] == "arn:aws:s3:::estrela-dev-dags-123456789012"
    assert all(log[0]["enabled"] for log in environment_.values["logging_configuration"][0].values())
    assert environment_.values["airflow_version"].startswith("3.")


def test_metabase_reads_by_its_role_and_is_found_by_its_provisioner(prod: Plan) -> None:
    metabase, provision = containers(prod)["metabase"], containers(prod)["metabase-provision"]
    assert environment(provision)["METABASE_URL"] == "http://metabase.estrela-prod.internal:3000"
    assert {service.values["name"] for service in of(prod, "aws_service_discovery_service")} == {"metabase"}
    assert environment(provision)["METABASE_ATHENA_WORKGROUP"] == "estrela-prod-metabase"
    names = {secret["name"] for secret in provision["secrets"] + metabase["secrets"]}
    assert not [name for name in names if "ATHENA" in name]
    assert environment(metabase)["MB_SITE_URL"] == "https://metabase.data.example.com"


def test_backups_are_kept_and_a_restore_is_tried(prod: Plan) -> None:
    (rule,) = of(prod, "aws_backup_plan")[0].values["rule"]
    assert rule["lifecycle"][0]["delete_after"] == 35
    (vault,) = of(prod, "aws_backup_vault")
    assert (vault.values["force_destroy"], vault.values["kms_key_arn"][:12]) == (False, "arn:aws:kms:")
    (tried,) = of(prod, "aws_backup_restore_testing_selection")
    assert tried.values["protected_resource_arns"] == of(prod, "aws_backup_selection")[0].values["resources"]
    assert of(prod, "aws_backup_vault_lock_configuration")
