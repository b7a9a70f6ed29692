"""Operations that invoke a function."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from localaws.functions.asynchronous import Asynchronous
from localaws.functions.errors import LambdaError, not_found, refused
from localaws.functions.function_calls import ref_of
from localaws.functions.names import LATEST
from localaws.functions.records import Records
from localaws.functions.runner import Runner
from localaws.functions.wire import REQUEST_ID, Call

MAX_REQUEST = 6_291_456
MAX_EVENT = 1_048_576


class InvokeCalls:
    """Synchronous and asynchronous invocations."""

    def __init__(self, records: Records, runner: Runner, asynchronous: Asynchronous) -> None:
        self._records = records
        self._runner = runner
        self._asynchronous = asynchronous

    def invoke(self, call: Call) -> dict[str, Any]:
        """Invoke."""
        ref, payload = ref_of(call), call.get("Payload") or b""
        kind = call.get("InvocationType") or "RequestResponse"
        for name in ("TenantId", "DurableExecutionName"):
            if call.get(name):
                raise refused(name, "environments are not kept apart, and nothing is replayed")
        limit = MAX_EVENT if kind == "Event" else MAX_REQUEST
        if len(payload) > limit:
            text = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
            raise LambdaError("RequestEntityTooLargeException", text)
        if not self._records.exists(ref.arn):
            raise not_found(f"Function not found: {ref.arn}:{ref.qualifier or LATEST}")
        self._records.version(ref)
        _check_json(payload)
        if kind == "DryRun":
            return {"StatusCode": 204}
        if kind == "Event":
            request_id = self._asynchronous.enqueue(ref.qualified, payload or b"{}")
            return {"StatusCode": 202, "Payload": b"", REQUEST_ID: request_id}
        result = self._runner.invoke(ref, payload or b"{}", client_context=_client_context(call.get("ClientContext")))
        return {
            "StatusCode": 200,
            "FunctionError": result.function_error or None,
            "LogResult": result.log_tail if call.get("LogType") == "Tail" else None,
            "ExecutedVersion": result.version,
            "Payload": result.payload,
            REQUEST_ID: result.request_id,
        }

    def invoke_async(self, call: Call) -> dict[str, Any]:
        """InvokeAsync, the predecessor of Invoke."""
        payload = call.get("InvokeArgs") or b"{}"
        _check_json(payload)
        self._asynchronous.enqueue(ref_of(call).qualified, payload)
        return {"Status": 202}


def _check_json(payload: bytes) -> None:
    if not payload:
        return
    try:
        json.loads(payload)
    except ValueError as error:
        text = f"Could not parse request body into json: Could not parse payload into json: {error}"
        raise LambdaError("InvalidRequestContentException", text) from error


def _client_context(text: str | None) -> str:
    if not text:
        return ""
    try:
        return json.dumps(json.loads(base64.b64decode(text, validate=True)))
    except (binascii.Error, ValueError) as error:
        raise LambdaError(
            "InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object."
        ) from error
