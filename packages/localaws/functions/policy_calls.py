"""Resource policies of functions. They are stored and returned, but deny nothing: localaws has no authentication."""

from __future__ import annotations

import json
import re
from typing import Any

from localaws.functions.atomic import atomic
from localaws.functions.errors import LambdaError, invalid, not_found
from localaws.functions.function_calls import ref_of
from localaws.functions.names import LATEST, Reference
from localaws.functions.records import ALIAS, Records, check_revision, new_revision
from localaws.functions.wire import Call

POLICY = "policy"
_CONDITIONS = {
    "SourceArn": ("ArnLike", "AWS:SourceArn"),
    "SourceAccount": ("StringEquals", "AWS:SourceAccount"),
    "PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID"),
    "EventSourceToken": ("StringEquals", "lambda:EventSourceToken"),
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
}


class PolicyCalls:
    """AddPermission, GetPolicy, RemovePermission."""

    def __init__(self, records: Records) -> None:
        self._records = records

    @atomic
    def add_permission(self, call: Call) -> dict[str, Any]:
        """AddPermission."""
        ref = ref_of(call)
        self._check(ref)
        if ref.qualifier == LATEST:
            raise invalid("We currently do not support adding policies for $LATEST.")
        policy = self._policy(ref)
        check_revision(call.get("RevisionId"), policy or self._subject(ref), "GetPolicy")
        statements = policy.get("Statement", [])
        if any(statement["Sid"] == call["StatementId"] for statement in statements):
            advice = "Please provide a new statement id, or remove the existing statement."
            text = f"The statement id ({call['StatementId']}) provided already exists. {advice}"
            raise LambdaError("ResourceConflictException", text)
        statement = _statement(call, ref)
        self._put(ref, [*statements, statement])
        return {"Statement": json.dumps(statement, separators=(",", ":"))}

    def get_policy(self, call: Call) -> dict[str, Any]:
        """GetPolicy."""
        ref = ref_of(call)
        policy = self._policy(ref)
        if not policy:
            raise not_found("The resource you requested does not exist.")
        document = {"Version": "2012-10-17", "Id": "default", "Statement": policy["Statement"]}
        return {"Policy": json.dumps(document, separators=(",", ":")), "RevisionId": policy["RevisionId"]}

    @atomic
    def remove_permission(self, call: Call) -> dict[str, Any]:
        """RemovePermission."""
        ref = ref_of(call)
        if not self._records.exists(ref.arn):
            raise not_found(f"No policy found for: {ref.arn}")
        policy = self._policy(ref)
        if not policy:
            self._check(ref)
            raise not_found("No policy is associated with the given resource.")
        check_revision(call.get("RevisionId"), policy, "GetPolicy")
        kept = [statement for statement in policy["Statement"] if statement["Sid"] != call["StatementId"]]
        if len(kept) == len(policy["Statement"]):
            raise not_found(f"Statement {call['StatementId']} is not found in resource policy.")
        self._put(ref, kept)
        return {}

    def _check(self, ref: Reference) -> None:
        """Raise ResourceNotFoundException for a function, version or alias that does not exist."""
        is_alias = re.fullmatch(r"[a-zA-Z0-9-_]+", ref.qualifier) and not ref.qualifier.isdigit()
        if is_alias and self._records.exists(ref.arn):
            self._records.alias(ref, ref.qualifier)
        else:
            self._records.version(ref)

    def _subject(self, ref: Reference) -> dict[str, Any]:
        """Return the version or alias that a policy belongs to. The policy's first statement has its revision."""
        alias = self._records.documents.get(ALIAS, ref.arn, ref.qualifier) if ref.qualifier else None
        return alias or self._records.version(ref).configuration

    def _policy(self, ref: Reference) -> dict[str, Any]:
        return self._records.documents.get(POLICY, ref.arn, ref.qualifier) or {}

    def _put(self, ref: Reference, statements: list[dict[str, Any]]) -> None:
        if statements:
            body = {"Statement": statements, "RevisionId": new_revision()}
            self._records.documents.put(POLICY, ref.arn, ref.qualifier, body)
        else:
            self._records.documents.delete(POLICY, ref.arn, ref.qualifier)


def _statement(call: Call, ref: Reference) -> dict[str, Any]:
    conditions: dict[str, dict[str, Any]] = {}
    for name, (operator, key) in _CONDITIONS.items():
        if call.get(name):
            conditions.setdefault(operator, {})[key] = call[name]
    if call.get("InvokedViaFunctionUrl") is not None:
        conditions["Bool"] = {"lambda:InvokedViaFunctionUrl": str(call["InvokedViaFunctionUrl"]).lower()}
    return {
        "Sid": call["StatementId"],
        "Effect": "Allow",
        "Principal": _principal(call["Principal"]),
        "Action": call["Action"],
        "Resource": ref.qualified,
        **({"Condition": conditions} if conditions else {}),
    }


def _principal(text: str) -> str | dict[str, str]:
    if text == "*":
        return text
    if re.fullmatch(r"\d{12}", text):
        return {"AWS": f"arn:aws:iam::{text}:root"}
    if text.startswith("arn:"):
        return {"AWS": text}
    if re.fullmatch(
        r"[a-z0-9.-]+\.(amazonaws\.com|amazon\.com|alexa\.com)|[a-z0-9-]+\.alexa-appkit\.amazon\.com", text
    ):
        return {"Service": text}
    raise invalid("The provided principal was invalid. Please check the principal and try again.")
