"""Rules of security groups: description and target of each rule are returned as they were set.

moto stores descriptions only for address ranges, and can change only the address range of a rule.
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models import security_groups
from moto.ec2.models.security_groups import (
    GroupedSecurityRuleView,
    SecurityGroup,
    SecurityGroupBackend,
    SecurityGroupRule,
)

_WORDS = "Description"
_modify = SecurityGroupBackend.modify_security_group_rules


class DescribedRule(SecurityGroupRule):
    """A rule with its own description, which does not count when two rules are compared."""

    words: str | None
    source_group: dict[str, str]

    def __init__(  # noqa: PLR0913, PLR0917 - moto's signature
        self,
        ec2_backend: Any,
        ip_protocol: str,
        group_id: str,
        from_port: str | None,
        to_port: str | None,
        ip_range: dict[str, str] | None,
        source_group: dict[str, str] | None = None,
        prefix_list_id: dict[str, str] | None = None,
        is_egress: bool = True,
        tags: dict[str, str] | None = None,
    ) -> None:
        self.words = (ip_range or source_group or prefix_list_id or {}).get(_WORDS)
        named = (_without_words(ip_range), _without_words(source_group), prefix_list_id)
        super().__init__(ec2_backend, ip_protocol, group_id, from_port, to_port, *named, is_egress, tags)

    @property
    def description(self) -> str | None:
        return self.words or None

    def change(self, request: dict[str, Any]) -> None:
        """Apply the target and the description of a ModifySecurityGroupRules request."""
        if _WORDS in request:
            self.words = request[_WORDS]
        self.ip_range.pop(_WORDS, None)
        if "CidrIpv6" in request:
            self.ip_range["CidrIpv6"] = request["CidrIpv6"]
        if "PrefixListId" in request:
            self.prefix_list_id = request["PrefixListId"]
        if "ReferencedGroupId" in request:
            self.source_group = self.source_group | {"GroupId": request["ReferencedGroupId"]}


def _without_words(named: dict[str, str] | None) -> dict[str, str] | None:
    return None if named is None else {name: value for name, value in named.items() if name != _WORDS}


def _flattened_rules(_: SecurityGroup, rules: list[DescribedRule]) -> list[GroupedSecurityRuleView]:
    """Return rules as DescribeSecurityGroups does: grouped by protocol and ports."""
    views: dict[tuple[Any, ...], GroupedSecurityRuleView] = {}
    for rule in rules:
        ports = (rule.from_port, rule.to_port, rule.ip_protocol)
        view = views.setdefault(ports, GroupedSecurityRuleView(*ports))
        words = {_WORDS: rule.words} if rule.words else {}
        if rule.ip_range:
            view.all_ip_ranges.append(rule.ip_range | words)
        if rule.source_group:
            view.source_groups.append(rule.source_group | words)
        if rule.prefix_list_id:
            view.prefix_list_ids.append({"PrefixListId": rule.prefix_list_id} | words)
    return list(views.values())


def _modify_security_group_rules(backend: Any, group_id: str, rules: dict[str, dict[str, Any]]) -> None:
    _modify(backend, group_id, rules)
    group = backend.get_security_group_by_name_or_id(group_id)
    for rule_id, request in rules.items():
        group.get_rule(rule_id).change(request)


def _sg_update_description(_: Any, given: DescribedRule, rule: DescribedRule) -> None:
    if given.words is not None:
        rule.words = given.words


def install() -> None:
    """Make moto use these rules. Call this before its first request to EC2."""
    replaced: dict[type | Any, dict[str, Any]] = {
        security_groups: {"SecurityGroupRule": DescribedRule},
        SecurityGroup: {"_flattened_rules": _flattened_rules},
        SecurityGroupBackend: {
            "modify_security_group_rules": _modify_security_group_rules,
            "_sg_update_description": _sg_update_description,
        },
    }
    for owner, names in replaced.items():
        for name, value in names.items():
            setattr(owner, name, value)
