"""RDS: settings of instances and parameters are returned as the client set them."""

from __future__ import annotations

from typing import Any

import pytest
from moto.rds import urls
from moto.rds.models import DBCluster, DBInstance

from localaws.running import Running

KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
INSTANCE: dict[str, Any] = {
    "DBInstanceClass": "db.t4g.micro",
    "Engine": "postgres",
    "MasterUsername": "master",
    "ManageMasterUserPassword": True,
    "AllocatedStorage": 20,
}
FORCED = {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"}


@pytest.fixture(scope="module")
def rds(aws: Running) -> Any:
    return aws.client("rds")


def test_moto_has_one_path_and_does_not_know_performance_insights() -> None:
    """install() replaces moto's only path. If a new moto has Performance Insights, they must be compared with ours."""
    assert list(urls.url_paths) == ["{0}/$"]
    assert not hasattr(DBInstance, "performance_insights_enabled")
    assert isinstance(DBCluster.scaling_configuration_info, property)


def insights(instance: dict[str, Any]) -> tuple[Any, ...]:
    names = ("PerformanceInsightsEnabled", "PerformanceInsightsKMSKeyId", "PerformanceInsightsRetentionPeriod")
    return tuple(instance.get(name) for name in names)


def test_performance_insights_are_kept_changed_and_switched_off(rds: Any) -> None:
    plain = rds.create_db_instance(DBInstanceIdentifier="plain", **INSTANCE)["DBInstance"]
    assert insights(plain) == (False, None, None)
    given = {"EnablePerformanceInsights": True, "PerformanceInsightsKMSKeyId": KEY}
    rds.create_db_instance(DBInstanceIdentifier="watched", **INSTANCE, **given)
    (instance,) = rds.describe_db_instances(DBInstanceIdentifier="watched")["DBInstances"]
    assert insights(instance) == (True, KEY, 7)
    assert instance["DbiResourceId"] != plain["DbiResourceId"]
    changed = rds.modify_db_instance(DBInstanceIdentifier="watched", PerformanceInsightsRetentionPeriod=31)
    assert insights(changed["DBInstance"]) == (True, KEY, 31)
    other = rds.modify_db_instance(DBInstanceIdentifier="watched", MultiAZ=True)["DBInstance"]
    assert (insights(other), other["MultiAZ"]) == ((True, KEY, 31), True)
    off = rds.modify_db_instance(DBInstanceIdentifier="watched", EnablePerformanceInsights=False)["DBInstance"]
    assert insights(off) == (False, None, None)


def test_parameters_say_that_a_user_has_set_them(rds: Any) -> None:
    rds.create_db_parameter_group(DBParameterGroupName="g", DBParameterGroupFamily="postgres17", Description="TLS")
    rds.modify_db_parameter_group(DBParameterGroupName="g", Parameters=[FORCED])
    asked = {"DBParameterGroupName": "g"}
    assert rds.describe_db_parameters(**asked)["Parameters"] == [FORCED | {"Source": "user"}]
    assert rds.describe_db_parameters(**asked, Source="user")["Parameters"] == [FORCED | {"Source": "user"}]
    assert rds.describe_db_parameters(**asked, Source="engine-default")["Parameters"] == []


def test_cluster_parameters_say_that_a_user_has_set_them(rds: Any) -> None:
    family = "aurora-postgresql17"
    asked = {"DBClusterParameterGroupName": "c"}
    rds.create_db_cluster_parameter_group(**asked, DBParameterGroupFamily=family, Description="TLS")
    rds.modify_db_cluster_parameter_group(**asked, Parameters=[FORCED])
    assert rds.describe_db_cluster_parameters(**asked, Source="user")["Parameters"] == [FORCED | {"Source": "user"}]
    assert rds.describe_db_cluster_parameters(**asked, Source="system")["Parameters"] == []


def test_a_cluster_has_only_the_scaling_that_was_set(rds: Any) -> None:
    cluster = {
        "Engine": "aurora-postgresql",
        "MasterUsername": "master",
        "MasterUserPassword": "Secret99x",
    }
    second = {"MinCapacity": 0.5, "MaxCapacity": 2.0}
    rds.create_db_cluster(DBClusterIdentifier="second", **cluster, ServerlessV2ScalingConfiguration=second)
    rds.create_db_cluster(
        DBClusterIdentifier="first", **cluster, EngineMode="serverless", ScalingConfiguration={"MaxCapacity": 8}
    )
    described = {
        described_cluster["DBClusterIdentifier"]: described_cluster
        for described_cluster in rds.describe_db_clusters()["DBClusters"]
    }
    assert "ScalingConfigurationInfo" not in described["second"]
    assert described["second"]["ServerlessV2ScalingConfiguration"] == second
    assert described["first"]["ScalingConfigurationInfo"]["MaxCapacity"] == 8
