"""AWS's managed policies in IAM, each loaded when a client first reads or attaches it.

moto loads either none or all 1,500 of them, and all of them would be stored again with each change of IAM.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend

_OF_AWS = ":iam::aws:policy/"
_METHODS = ("attach_group_policy", "attach_role_policy", "attach_user_policy", "get_policy", "get_policy_version")
"""Methods of moto's backend whose first argument is the ARN of a policy."""


def _with_managed_policies(method: Callable[..., Any]) -> Callable[..., Any]:
    def call(backend: Any, policy_arn: str, *arguments: Any, **named: Any) -> Any:
        if _OF_AWS in policy_arn and policy_arn not in backend.managed_policies:
            _load_managed_policy(backend, policy_arn)
        return method(backend, policy_arn, *arguments, **named)

    return call


def _load_managed_policy(backend: Any, policy_arn: str) -> None:
    name = policy_arn.rpartition("/")[2]
    data = json.loads(aws_managed_policies_data).get(name)
    if data:
        policy = AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, data)
        if policy.arn == policy_arn:
            backend.managed_policies[policy_arn] = policy
            backend.aws_managed_policies.append(policy)


def install() -> None:
    """Make moto find these policies. Call this before its first request to IAM."""
    for name in _METHODS:
        setattr(IAMBackend, name, _with_managed_policies(getattr(IAMBackend, name)))
