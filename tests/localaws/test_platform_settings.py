"""Settings of ECS, EFS, IAM, AWS Backup and Auto Scaling are returned as the client set them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
import requests
from botocore.exceptions import ClientError
from moto.applicationautoscaling import urls as scaling_urls
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.backup.responses import BackupResponse
from moto.ecs import urls as ecs_urls
from moto.efs.models import FileSystem
from moto.efs.responses import EFSResponse

from localaws.running import Running

TAGS = {"project": "estrela"}
SIGNED_FOR_BACKUP = {"Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/backup/aws4_request"}


def test_moto_lacks_these_operations() -> None:
    """If a new moto has one of these operations, it has to be compared with ours."""
    assert list(scaling_urls.url_paths) == list(ecs_urls.url_paths) == ["{0}/$"]
    assert isinstance(FileSystem.backup_policy, property)
    for response, names in {
        ApplicationAutoScalingResponse: ("list_tags_for_resource", "tag_resource", "untag_resource"),
        BackupResponse: ("create_backup_selection", "create_restore_testing_plan", "create_restore_testing_selection"),
        EFSResponse: ("put_backup_policy", "delete_file_system_policy"),
    }.items():
        assert [name for name in names if hasattr(response, name)] == []


def test_a_service_of_ecs_keeps_its_settings(aws: Running) -> None:
    ecs: Any = aws.client("ecs")
    ecs.create_cluster(clusterName="c")
    container = {"name": "web", "image": "web:1", "essential": True, "memory": 64}
    ecs.register_task_definition(family="web", containerDefinitions=[container])
    settings = {
        "availabilityZoneRebalancing": "DISABLED",
        "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}],
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
        },
        "enableECSManagedTags": True,
        "enableExecuteCommand": False,
        "healthCheckGracePeriodSeconds": 300,
    }
    connected = {"enabled": True, "namespace": "arn:aws:servicediscovery:us-east-1:123456789012:namespace/ns-1"}
    ecs.create_service(
        cluster="c",
        serviceName="web",
        taskDefinition="web",
        desiredCount=1,
        serviceConnectConfiguration=connected,
        **settings,
    )
    (service,) = ecs.describe_services(cluster="c", services=["web"])["services"]
    assert {name: service.get(name) for name in settings} == settings
    assert service["deployments"][0]["serviceConnectConfiguration"] == connected
    ecs.update_service(cluster="c", service="web", enableExecuteCommand=True, availabilityZoneRebalancing="ENABLED")
    (service,) = ecs.describe_services(cluster="c", services=["web"])["services"]
    assert (service["enableExecuteCommand"], service["availabilityZoneRebalancing"]) == (True, "ENABLED")
    assert service["healthCheckGracePeriodSeconds"] == 300


def test_deleted_clusters_and_families_are_not_listed(aws: Running) -> None:
    ecs: Any = aws.client("ecs")
    for name in ("kept", "gone"):
        ecs.create_cluster(clusterName=name)
        container = {"name": "web", "image": "web:1", "memory": 64}
        for _ in range(2):
            ecs.register_task_definition(family=f"job-{name}", containerDefinitions=[container])
    ecs.delete_cluster(cluster="gone")
    for revision in ("job-kept:1", "job-gone:1", "job-gone:2"):
        ecs.deregister_task_definition(taskDefinition=revision)

    listed = {arn.rpartition("/")[2] for arn in ecs.list_clusters()["clusterArns"]}
    assert listed & {"kept", "gone"} == {"kept"}
    assert ecs.describe_clusters(clusters=["gone"])["clusters"][0]["status"] == "INACTIVE"

    def families(**filters: str) -> list[str]:
        return ecs.list_task_definition_families(familyPrefix="job-", **filters)["families"]

    assert families() == families(status="ACTIVE") == ["job-kept"]
    assert families(status="INACTIVE") == ["job-gone"]
    assert sorted(families(status="ALL")) == ["job-gone", "job-kept"]


def test_a_file_system_keeps_its_backup_policy_and_loses_its_policy(aws: Running) -> None:
    efs: Any = aws.client("efs")
    name = efs.create_file_system(CreationToken="files")["FileSystemId"]
    for status in ("DISABLED", "ENABLED"):
        efs.put_backup_policy(FileSystemId=name, BackupPolicy={"Status": status})
        assert efs.describe_backup_policy(FileSystemId=name)["BackupPolicy"] == {"Status": status}
    efs.put_file_system_policy(FileSystemId=name, Policy="{}")
    efs.delete_file_system_policy(FileSystemId=name)
    with pytest.raises(efs.exceptions.PolicyNotFound):
        efs.describe_file_system_policy(FileSystemId=name)
    with pytest.raises(efs.exceptions.FileSystemNotFound):
        efs.put_backup_policy(FileSystemId="fs-00000000", BackupPolicy={"Status": "ENABLED"})


def test_a_scalable_target_keeps_its_tags(aws: Running) -> None:
    scaling: Any = aws.client("application-autoscaling")
    table = {
        "ServiceNamespace": "dynamodb",
        "ResourceId": "table/t",
        "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
    }
    arn = scaling.register_scalable_target(**table, MinCapacity=1, MaxCapacity=2, Tags=TAGS)["ScalableTargetARN"]
    scaling.tag_resource(ResourceARN=arn, Tags={"git_sha": "1"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["project"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"git_sha": "1"}
    with pytest.raises(scaling.exceptions.ResourceNotFoundException):
        scaling.list_tags_for_resource(ResourceARN=f"{arn}0")


def test_a_backup_plan_keeps_its_selections(aws: Running) -> None:
    backup: Any = aws.client("backup")
    rule = {"RuleName": "daily", "TargetBackupVaultName": "Default"}
    plan = backup.create_backup_plan(BackupPlan={"BackupPlanName": "p", "Rules": [rule]})["BackupPlanId"]
    given = {
        "SelectionName": "database",
        "IamRoleArn": "arn:aws:iam::123456789012:role/r",
        "Resources": ["arn:aws:rds:x"],
    }
    name = backup.create_backup_selection(BackupPlanId=plan, BackupSelection=given)["SelectionId"]
    assert backup.get_backup_selection(BackupPlanId=plan, SelectionId=name)["BackupSelection"] == given
    (listed,) = backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]
    assert (listed["SelectionId"], listed["SelectionName"]) == (name, "database")
    backup.delete_backup_selection(BackupPlanId=plan, SelectionId=name)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        backup.get_backup_selection(BackupPlanId=plan, SelectionId=name)


def test_restore_tests_are_read_back(aws: Running) -> None:
    backup: Any = aws.client("backup")
    points = {"Algorithm": "LATEST_WITHIN_WINDOW", "IncludeVaults": ["*"], "RecoveryPointTypes": ["SNAPSHOT"]}
    plan = {"RestoreTestingPlanName": "t", "ScheduleExpression": "cron(0 5 1 * ? *)", "RecoveryPointSelection": points}
    arn = backup.create_restore_testing_plan(RestoreTestingPlan=plan, Tags=TAGS)["RestoreTestingPlanArn"]
    stored = backup.get_restore_testing_plan(RestoreTestingPlanName="t")["RestoreTestingPlan"]
    assert {name: stored[name] for name in plan} == plan
    assert backup.list_tags(ResourceArn=arn)["Tags"] == TAGS
    changed = {"ScheduleExpression": "cron(0 6 1 * ? *)", "RecoveryPointSelection": points}
    backup.update_restore_testing_plan(RestoreTestingPlanName="t", RestoreTestingPlan=changed)
    stored = backup.get_restore_testing_plan(RestoreTestingPlanName="t")["RestoreTestingPlan"]
    assert stored["ScheduleExpression"] == "cron(0 6 1 * ? *)"
    selection = {
        "RestoreTestingSelectionName": "s",
        "ProtectedResourceType": "RDS",
        "IamRoleArn": "arn:aws:iam::1:role/r",
    }
    named = {"RestoreTestingPlanName": "t", "RestoreTestingSelectionName": "s"}
    backup.create_restore_testing_selection(RestoreTestingPlanName="t", RestoreTestingSelection=selection)
    backup.update_restore_testing_selection(**named, RestoreTestingSelection={"ValidationWindowHours": 24})
    read = backup.get_restore_testing_selection(**named)["RestoreTestingSelection"]
    assert {**selection, "ValidationWindowHours": 24}.items() <= read.items()
    backup.delete_restore_testing_selection(**named)
    backup.delete_restore_testing_plan(RestoreTestingPlanName="t")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        backup.get_restore_testing_plan(RestoreTestingPlanName="t")


def test_a_vault_has_no_recovery_points(aws: Running) -> None:
    """Terraform lists them before it deletes a vault."""
    backup: Any = aws.client("backup")
    backup.create_backup_vault(BackupVaultName="empty")
    assert backup.list_recovery_points_by_backup_vault(BackupVaultName="empty")["RecoveryPoints"] == []
    url = f"{aws.endpoint}/backup-vaults/empty/recovery-points"  # as clients in Go send it
    assert requests.get(url, headers=SIGNED_FOR_BACKUP, timeout=30).json() == {"RecoveryPoints": []}
    backup.delete_backup_vault(BackupVaultName="empty")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        backup.list_recovery_points_by_backup_vault(BackupVaultName="empty")


def test_tags_of_a_backup_plan_are_listed_with_and_without_a_slash_at_the_end(aws: Running) -> None:
    """botocore's path ends with a slash, the path of clients in Go without."""
    backup: Any = aws.client("backup")
    rule = {"RuleName": "daily", "TargetBackupVaultName": "Default"}
    plan = {"BackupPlanName": "tagged", "Rules": [rule]}
    arn = backup.create_backup_plan(BackupPlan=plan, BackupPlanTags=TAGS)["BackupPlanArn"]
    for end in ("", "/"):
        url = f"{aws.endpoint}/tags/{quote(arn, safe='')}{end}"
        assert requests.get(url, headers=SIGNED_FOR_BACKUP, timeout=30).json() == {"Tags": TAGS}


def test_policies_of_aws_are_known_once_they_are_asked_for(aws: Running) -> None:
    iam: Any = aws.client("iam")
    name = "service-role/AWSBackupServiceRolePolicyForBackup"
    arn = f"arn:aws:iam::aws:policy/{name}"
    iam.create_role(RoleName="backup", AssumeRolePolicyDocument="{}")
    iam.attach_role_policy(RoleName="backup", PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName="backup")["AttachedPolicies"]
    assert attached == [{"PolicyName": "AWSBackupServiceRolePolicyForBackup", "PolicyArn": arn}]
    assert iam.get_policy(PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")["Policy"]["Path"] == "/"
    for wrong in ("arn:aws:iam::aws:policy/AWSBackupServiceRolePolicyForBackup", "arn:aws:iam::aws:policy/Nothing"):
        with pytest.raises(iam.exceptions.NoSuchEntityException):
            iam.attach_role_policy(RoleName="backup", PolicyArn=wrong)
