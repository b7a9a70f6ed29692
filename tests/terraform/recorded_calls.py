"""Calls of code on AWS, recorded at boto3, and the rights of roles in docs/iam.md, which is held to the plan."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock

import boto3
from terraform_run import ROOT

TABLE = ROOT / "docs" / "iam.md"
BY_OTHERS = {"Logs", "Network", "Queue", "Stream", "Streams", "Failed", "Bucket", "Key"}
"""Statements for what Lambda, and encryption at rest, do by the role; code never calls it."""
OTHER_NAMES = {"sqs:SendMessageBatch": "sqs:SendMessage", "sqs:DeleteMessageBatch": "sqs:DeleteMessage"}
"""Actions of policies whose operation has another name."""


@contextmanager
def recorded() -> Iterator[set[str]]:
    """Yield the set of the actions that clients made within the block call."""
    found: set[str] = set()

    def record(params: Mapping[str, Any], model: Any, **_: Any) -> None:
        action = f"{model.service_model.signing_name}:{model.name}"
        if action == "s3:GetObject" and "VersionId" in params:
            action = "s3:GetObjectVersion"
        found.add(OTHER_NAMES.get(action, action))

    session = boto3.Session()
    session.events.register("provide-client-params", record)
    with mock.patch.object(boto3, "DEFAULT_SESSION", session), mock.patch.object(boto3, "Session", lambda: session):
        yield found


def allowed(role: str) -> dict[str, set[str]]:
    """Actions of the statements of a role in ``prod``, by the statement's name."""
    prod = TABLE.read_text().partition("`prod`\n")[2].partition("\n## ")[0]
    rows = re.findall(rf"^\| {re.escape(role)} \| (\w+) \| ([^|]+) \|", prod, re.MULTILINE)
    assert rows, f"{TABLE.name} has no role {role}"
    return {statement: set(re.findall(r"`([^`]+)`", actions)) for statement, actions in rows}


def for_code(role: str) -> set[str]:
    """Actions that a role allows for what its code calls."""
    return {action for sid, actions in allowed(role).items() if sid not in BY_OTHERS for action in actions}
