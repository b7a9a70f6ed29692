"""AWS calls of code, recorded in boto3 or by localaws, and the permissions that docs/iam.md grants to roles."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
from terraform_run import ROOT

TABLE = ROOT / "docs" / "iam.md"
BY_OTHERS = {"Logs", "Network", "Queue", "Stream", "Streams", "Failed", "Bucket", "Key", "Traces"}
"""Statements for actions of Lambda itself, which also uploads traces, and of encryption at rest; code calls none."""
OTHER_NAMES = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:UploadPart": "s3:PutObject",
    "s3:CompleteMultipartUpload": "s3:PutObject",
    "s3:HeadObject": "s3:GetObject",
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
}
"""Actions in policies by operation, where the names differ."""
BY_VERSION = {"s3:GetObject": "s3:GetObjectVersion", "s3:DeleteObject": "s3:DeleteObjectVersion"}
"""Actions on a version of an object, by the action on the object."""
COPIES = ("s3:CopyObject", "s3:UploadPartCopy")
NO_ACTION = {"sts:GetCallerIdentity"}
"""Operations that need no permission."""
ARN = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Statement:
    """Actions, and the ARN patterns on which they are allowed."""

    actions: frozenset[str]
    resources: frozenset[str]


@contextmanager
def recorded() -> Iterator[set[str]]:
    """Yield a set to which the actions called by clients created in the block are added."""
    actions: set[str] = set()

    def record(params: Mapping[str, Any], model: Any, **_: Any) -> None:
        operation = f"{model.service_model.signing_name}:{model.name}"
        actions.update(_actions(operation, params))

    session = boto3.Session()
    session.events.register("provide-client-params", record)
    with mock.patch.object(boto3, "DEFAULT_SESSION", session), mock.patch.object(boto3, "Session", lambda: session):
        yield actions


def _actions(operation: str, named: Mapping[str, Any]) -> set[str]:
    """Return the actions that a call of an operation needs."""
    if operation in NO_ACTION:
        return set()
    if operation == "kms:ReEncrypt":
        return {"kms:ReEncryptFrom", "kms:ReEncryptTo"}
    if operation == "dynamodb:BatchExecuteStatement":  # a log has no statements
        verbs = {entry["Statement"].split(maxsplit=1)[0] for entry in named.get("Statements", [])} or {"UPDATE"}
        return {f"dynamodb:PartiQL{verb.capitalize()}" for verb in verbs}
    if operation in COPIES:
        source = named["CopySource"]
        is_version = "VersionId" in source if isinstance(source, Mapping) else "versionId=" in source
        return {"s3:GetObjectVersion" if is_version else "s3:GetObject", "s3:PutObject"}
    action = OTHER_NAMES.get(operation, operation)
    return {BY_VERSION.get(action, action) if "VersionId" in named else action}


def statements(role: str) -> dict[str, Statement]:
    """Return the statements of a role in ``prod`` by name."""
    prod = TABLE.read_text().partition("`prod`\n")[2].partition("\n## ")[0]
    rows = re.findall(rf"^\| {re.escape(role)} \| (\w+) \| ([^|]+) \| ([^|]+) \|", prod, re.MULTILINE)
    assert rows, f"{TABLE.name} has no role {role}"
    return {
        sid: Statement(frozenset(ARN.findall(actions)), frozenset(ARN.findall(resources)))
        for sid, actions, resources in rows
    }


def allowed(role: str) -> dict[str, frozenset[str]]:
    """Return the actions of a role in ``prod``, by the name of their statement."""
    return {sid: statement.actions for sid, statement in statements(role).items()}


def for_code(role: str, others: Iterable[str] = BY_OTHERS) -> set[str]:
    """Return the actions that a role allows for calls of its code: those of all statements except ``others``."""
    return {action for sid, actions in allowed(role).items() if sid not in others for action in actions}


Call = tuple[str, str]
"""An action and the ARN of its resource, or "*" if the call names none."""


def calls_of(log: Path, caller: str, secrets: Mapping[str, str]) -> set[Call]:
    """Return the calls of ``caller`` in the log that ``localaws up --calls`` writes. ``secrets`` are ARNs by name."""
    calls: set[Call] = set()
    for line in log.read_text().splitlines():
        call = json.loads(line)
        if call["caller"] == caller:
            calls |= set(_with_resources(f"{call['service']}:{call['operation']}", call["of"], secrets))
    return calls


def _with_resources(operation: str, named: Mapping[str, str], secrets: Mapping[str, str]) -> Iterator[Call]:
    service = operation.partition(":")[0]
    target = f"arn:aws:s3:::{named.get('Bucket', '')}" + (f"/{named['Key']}" if "Key" in named else "")
    for action in _actions(operation, named):
        if operation in COPIES and action.startswith("s3:Get"):
            yield action, f"arn:aws:s3:::{named['CopySource'].lstrip('/').partition('?')[0]}"
        elif operation == "s3:DeleteObjects":
            yield action, f"{target}/*"
        elif service == "s3":
            yield action, target
        else:
            yield action, _arn(service, named, secrets)


def _arn(service: str, named: Mapping[str, str], secrets: Mapping[str, str]) -> str:
    place = f"arn:aws:{service}:us-east-1:123456789012"
    match named:
        case {"SecretId": name}:
            return secrets.get(name, f"{place}:secret:{name}-AbCdEf" if not name.startswith("arn:") else name)
        case {"JobName": name}:
            return f"{place}:job/{name}"
        case {"logGroupName": name}:
            return f"{place}:log-group:{name}:log-stream:x"
        case {"TopicArn": arn}:
            return arn
        case {"WorkGroup": name}:
            return f"{place}:workgroup/{name}"
        case {"DatabaseName": database, "Name": name}:
            return f"{place}:table/{database}/{name}"
        case {"DatabaseName": database}:
            return f"{place}:database/{database}"
    return "*"


def refused(calls: Iterable[Call], role: str, environment: str) -> set[Call]:
    """Return the calls that no statement of a role allows, with the resource names of ``environment``.

    A call without a resource is allowed by any statement with its action.
    """
    allowing = [
        (
            statement.actions,
            {resource.replace("estrela-prod", f"estrela-{environment}") for resource in statement.resources},
        )
        for statement in statements(role).values()
    ]
    return {
        (action, arn)
        for action, arn in calls
        if not any(
            action in actions and (arn == "*" or any(fnmatchcase(arn, pattern) for pattern in resources))
            for actions, resources in allowing
        )
    }
