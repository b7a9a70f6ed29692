"""Clusters, namespaces and workgroups of Redshift: settings are returned as the client set them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

NAMESPACE = {
    "namespaceName": "mart",
    "adminUsername": "chief",
    "adminUserPassword": "Secret99x",
    "dbName": "bank",
    "iamRoles": ["arn:aws:iam::123456789012:role/loader"],
    "defaultIamRoleArn": "arn:aws:iam::123456789012:role/loader",
    "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/1",
    "logExports": ["userlog"],
}
WORKGROUP = {
    "workgroupName": "daily",
    "namespaceName": "mart",
    "baseCapacity": 8,
    "maxCapacity": 16,
    "enhancedVpcRouting": True,
    "publiclyAccessible": False,
    "port": 5440,
    "subnetIds": ["subnet-1", "subnet-2"],
    "securityGroupIds": ["sg-1"],
    "configParameters": [{"parameterKey": "max_query_execution_time", "parameterValue": "60"}],
}


def refused(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_what_was_set_is_read_back_and_runs(aws: Any, warehouse: Any) -> None:
    serverless = aws.client("redshift-serverless")
    tags = [{"key": "team", "value": "data"}]
    namespace = serverless.create_namespace(**NAMESPACE, tags=tags)["namespace"]
    workgroup = serverless.create_workgroup(**WORKGROUP, tags=tags)["workgroup"]
    description = serverless.get_namespace(namespaceName="mart")["namespace"]
    assert (
        {**description, **{k: v for k, v in NAMESPACE.items() if k != "adminUserPassword"}} == description == namespace
    )
    description = serverless.get_workgroup(workgroupName="daily")["workgroup"]
    assert {**description, **WORKGROUP} == description == workgroup
    assert (description["status"], description["endpoint"]["port"]) == ("AVAILABLE", 5440)
    assert serverless.list_tags_for_resource(resourceArn=description["workgroupArn"])["tags"] == tags
    serverless.update_workgroup(workgroupName="daily", baseCapacity=32, port=5439)
    description = serverless.get_workgroup(workgroupName="daily")["workgroup"]
    assert (description["baseCapacity"], description["maxCapacity"], description["endpoint"]["port"]) == (32, 16, 5439)
    secret = aws.client("secretsmanager").create_secret(
        Name="serverless", SecretString=json.dumps({"username": "chief", "password": "Secret99x"})
    )["ARN"]
    data = aws.client("redshift-data")
    for name in ("daily", description["workgroupArn"]):
        started = data.execute_statement(
            WorkgroupName=name, Database="bank", SecretArn=secret, Sql="SELECT current_database(), current_user"
        )
        assert warehouse.result(warehouse.ended(started["Id"])["Id"]) == [["bank", "chief"]]
    assert refused(serverless.create_namespace, **NAMESPACE) == (
        "ConflictException", "Namespace mart already exists.",
    )  # fmt: skip
    assert refused(serverless.delete_namespace, namespaceName="mart")[0] == "ConflictException"
    serverless.delete_workgroup(workgroupName="daily")
    serverless.delete_namespace(namespaceName="mart")
    assert refused(serverless.get_workgroup, workgroupName="daily") == (
        "ResourceNotFoundException", "Workgroup daily does not exist.",
    )  # fmt: skip
    assert refused(data.execute_statement, WorkgroupName="daily", Database="bank", Sql="SELECT 1") == (
        "ValidationException", "Redshift endpoint doesn't exist in this region.",
    )  # fmt: skip


def test_times_are_texts_as_in_the_model_of_the_service(aws: Any) -> None:
    """botocore reads numbers too, but clients in Go do not."""
    serverless = aws.client("redshift-serverless")
    serverless.create_namespace(namespaceName="timed")
    serverless.create_workgroup(workgroupName="timed", namespaceName="timed")
    for kind in ("Namespace", "Workgroup"):
        shape = serverless.meta.service_model.shape_for(kind).members["creationDate"]
        assert shape.serialization["timestampFormat"] == "iso8601"
        answer = requests.post(
            aws.endpoint,
            json={f"{kind.lower()}Name": "timed"},
            headers={
                "X-Amz-Target": f"RedshiftServerless.Get{kind}",
                "Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/redshift-serverless/aws4_request",
            },
            timeout=30,
        ).json()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", answer[kind.lower()]["creationDate"])
    serverless.delete_workgroup(workgroupName="timed")
    serverless.delete_namespace(namespaceName="timed")


def test_a_managed_password_is_in_a_secret_that_goes_with_the_namespace(aws: Any, warehouse: Any) -> None:
    serverless, secrets = aws.client("redshift-serverless"), aws.client("secretsmanager")
    key = "arn:aws:kms:us-east-1:123456789012:key/1"
    given = {"namespaceName": "kept", "adminUsername": "chief", "dbName": "bank", "adminPasswordSecretKmsKeyId": key}
    created = serverless.create_namespace(**given, manageAdminPassword=True)["namespace"]
    namespace = serverless.get_namespace(namespaceName="kept")["namespace"]
    assert {**namespace, **given} == namespace == created
    arn = namespace["adminPasswordSecretArn"]
    secret = secrets.describe_secret(SecretId=arn)
    assert (secret["Name"], secret["KmsKeyId"]) == ("redshift!kept-chief", key)
    tags = {tag["Key"]: tag["Value"] for tag in secret["Tags"]}
    assert tags["aws:redshift-serverless:namespaceArn"] == namespace["namespaceArn"]
    serverless.create_workgroup(workgroupName="kept", namespaceName="kept")
    place = {"WorkgroupName": "kept", "Database": "bank", "SecretArn": arn}
    started = aws.client("redshift-data").execute_statement(**place, Sql="SELECT current_user")
    assert warehouse.result(warehouse.ended(started["Id"])["Id"]) == [["chief"]]
    before = password_in(secrets, arn)
    serverless.update_namespace(namespaceName="kept", adminUsername="second")
    renamed = serverless.get_namespace(namespaceName="kept")["namespace"]["adminPasswordSecretArn"]
    assert password_in(secrets, renamed) not in ("", before)
    assert refused(secrets.get_secret_value, SecretId=arn)[0] == "ResourceNotFoundException"
    serverless.update_namespace(namespaceName="kept", logExports=["userlog"])
    assert serverless.get_namespace(namespaceName="kept")["namespace"]["adminPasswordSecretArn"] == renamed
    serverless.delete_workgroup(workgroupName="kept")
    serverless.delete_namespace(namespaceName="kept")
    assert refused(secrets.get_secret_value, SecretId=renamed)[0] == "ResourceNotFoundException"


def password_in(secrets: Any, arn: str) -> str:
    return str(json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])["password"])


def test_a_password_is_managed_or_given(aws: Any) -> None:
    serverless, secrets = aws.client("redshift-serverless"), aws.client("secretsmanager")
    given = {"namespaceName": "either", "adminUserPassword": "Secret99x"}
    both = "You can't use adminUserPassword if manageAdminPassword is true."
    assert refused(serverless.create_namespace, **given, manageAdminPassword=True) == ("ValidationException", both)
    assert refused(serverless.create_namespace, **given, adminPasswordSecretKmsKeyId="k") == (
        "ValidationException", "You can only use adminPasswordSecretKmsKeyId if manageAdminPassword is true.",
    )  # fmt: skip
    serverless.create_namespace(**given)
    changed = serverless.update_namespace(namespaceName="either", manageAdminPassword=True)["namespace"]
    arn = changed["adminPasswordSecretArn"]
    managed = password_in(secrets, arn)
    assert len(managed) == 32
    again = serverless.update_namespace(namespaceName="either", manageAdminPassword=True)["namespace"]
    assert (again["adminPasswordSecretArn"], password_in(secrets, arn)) == (arn, managed)
    assert refused(serverless.update_namespace, **given) == ("ValidationException", both)
    changed = serverless.update_namespace(**given, manageAdminPassword=False)["namespace"]
    assert "adminPasswordSecretArn" not in changed
    assert refused(secrets.get_secret_value, SecretId=arn)[0] == "ResourceNotFoundException"
    serverless.delete_namespace(namespaceName="either")


CLUSTER = {
    "ClusterIdentifier": "set",
    "NodeType": "ra3.xlplus",
    "ClusterType": "multi-node",
    "NumberOfNodes": 2,
    "MasterUsername": "chief",
    "DBName": "bank",
    "Port": 5440,
    "PubliclyAccessible": False,
    "Encrypted": True,
    "KmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/1",
    "EnhancedVpcRouting": True,
    "AutomatedSnapshotRetentionPeriod": 7,
    "ManualSnapshotRetentionPeriod": 30,
    "PreferredMaintenanceWindow": "sun:04:00-sun:04:30",
    "MaintenanceTrackName": "trailing",
    "DefaultIamRoleArn": "arn:aws:iam::123456789012:role/loader",
    "AllowVersionUpgrade": False,
}
SHOWN_ELSEWHERE = ("ClusterType", "Port")


def test_a_cluster_is_read_back_as_it_was_set(aws: Any) -> None:
    redshift = aws.client("redshift")
    more = {"AvailabilityZoneRelocation": True, "MultiAZ": True, "IamRoles": [CLUSTER["DefaultIamRoleArn"]]}
    redshift.create_cluster(**CLUSTER, **more, MasterUserPassword="Secret99x", Tags=[{"Key": "team", "Value": "data"}])
    (cluster,) = redshift.describe_clusters(ClusterIdentifier="set")["Clusters"]
    expected = {name: value for name, value in CLUSTER.items() if name not in SHOWN_ELSEWHERE}
    assert {name: cluster[name] for name in expected} == expected
    shown = ("ClusterStatus", "ClusterAvailabilityStatus", "AvailabilityZoneRelocationStatus", "MultiAZ")
    assert [cluster[name] for name in shown] == ["available", "Available", "enabled", "Enabled"]
    assert (cluster["Endpoint"]["Port"], cluster["Tags"]) == (5440, [{"Key": "team", "Value": "data"}])
    redshift.modify_cluster(ClusterIdentifier="set", MaintenanceTrackName="current", ManualSnapshotRetentionPeriod=1)
    (cluster,) = redshift.describe_clusters(ClusterIdentifier="set")["Clusters"]
    assert (cluster["MaintenanceTrackName"], cluster["ManualSnapshotRetentionPeriod"], cluster["MultiAZ"]) == (
        "current", 1, "Enabled",
    )  # fmt: skip
    code, message = refused(
        redshift.create_cluster, **CLUSTER | {"ClusterIdentifier": "managed"}, ManageMasterPassword=True
    )
    assert (code, message) == ("InvalidParameterCombination", "localaws does not support ManageMasterPassword")
    redshift.delete_cluster(ClusterIdentifier="set", SkipFinalClusterSnapshot=True)


def test_what_is_not_honoured_is_refused(aws: Any) -> None:
    serverless = aws.client("redshift-serverless")
    code, message = refused(serverless.create_namespace, namespaceName="people", redshiftIdcApplicationArn="arn:aws:x")
    assert code == "ValidationException"
    assert message.startswith("localaws does not support redshiftIdcApplicationArn")
    with pytest.raises(ClientError) as caught:
        serverless.list_snapshots()
    assert (
        caught.value.response["Error"]["Message"] == "localaws does not implement ListSnapshots of redshift-serverless"
    )
