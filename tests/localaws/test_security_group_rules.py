"""Rules of security groups: descriptions and targets are returned as they were set."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.running import Running

PORTS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}


@pytest.fixture(scope="module")
def ec2(aws: Running) -> Any:
    return aws.client("ec2")


@pytest.fixture
def group(ec2: Any, request: pytest.FixtureRequest) -> str:
    """A security group without a rule."""
    answer = ec2.create_security_group(GroupName=request.node.name, Description="one of a test")
    group_id: str = answer["GroupId"]
    every = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.revoke_security_group_egress(GroupId=group_id, IpPermissions=[every])
    return group_id


def rules(ec2: Any, group: str) -> list[dict[str, Any]]:
    of_group = [{"Name": "group-id", "Values": [group]}]
    group_rules: list[dict[str, Any]] = ec2.describe_security_group_rules(Filters=of_group)["SecurityGroupRules"]
    return group_rules


def permission(group: str, words: str) -> dict[str, Any]:
    lists = [{"PrefixListId": "pl-63a5400a", "Description": f"{words} list"}]
    return PORTS | {
        "IpRanges": [{"CidrIp": "10.0.0.0/16", "Description": f"{words} range"}],
        "UserIdGroupPairs": [{"GroupId": group, "Description": f"{words} group"}],
        "PrefixListIds": lists,
    }


def test_every_kind_of_target_keeps_its_description(ec2: Any, group: str) -> None:
    answer = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission(group, "to")])
    assert [rule["Description"] for rule in answer["SecurityGroupRules"]] == ["to range", "to group", "to list"]
    assert [rule["Description"] for rule in rules(ec2, group)] == ["to range", "to group", "to list"]
    (security_group,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    (ingress,) = security_group["IpPermissions"]
    assert ingress["IpRanges"] == [{"CidrIp": "10.0.0.0/16", "Description": "to range"}]
    assert [(pair["GroupId"], pair["Description"]) for pair in ingress["UserIdGroupPairs"]] == [(group, "to group")]
    assert ingress["PrefixListIds"] == [{"PrefixListId": "pl-63a5400a", "Description": "to list"}]


def test_a_rule_is_the_same_whatever_its_description_says(ec2: Any, group: str) -> None:
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[permission(group, "to")])
    with pytest.raises(ClientError, match=r"InvalidPermission\.Duplicate"):
        ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[permission(group, "another")])
    ec2.update_security_group_rule_descriptions_egress(GroupId=group, IpPermissions=[permission(group, "new")])
    assert [rule["Description"] for rule in rules(ec2, group)] == ["new range", "new group", "new list"]
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[permission(group, "to")])
    assert rules(ec2, group) == []


def test_a_changed_rule_has_the_new_target_and_description(ec2: Any, group: str) -> None:
    other = ec2.create_security_group(GroupName="other", Description="one of a test")["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission(group, "to")])
    of_range, of_group, of_list = rules(ec2, group)
    wanted = {
        of_range["SecurityGroupRuleId"]: {"CidrIpv4": "10.1.0.0/16", "Description": "range"},
        of_group["SecurityGroupRuleId"]: {"ReferencedGroupId": other, "Description": "group"},
        of_list["SecurityGroupRuleId"]: {"PrefixListId": "pl-02cd2c6b", "Description": ""},
    }
    changes = [{"SecurityGroupRuleId": name, "SecurityGroupRule": PORTS | new} for name, new in wanted.items()]
    ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=changes)
    of_range, of_group, of_list = rules(ec2, group)
    assert (of_range["CidrIpv4"], of_range["Description"]) == ("10.1.0.0/16", "range")
    assert (of_group["ReferencedGroupInfo"]["GroupId"], of_group["Description"]) == (other, "group")
    assert (of_list["PrefixListId"], of_list.get("Description")) == ("pl-02cd2c6b", None)
