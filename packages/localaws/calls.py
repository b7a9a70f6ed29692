"""Log of API calls by caller: one line of JSON per request. Least-privilege policies can be written from it."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from localaws.operation_names import rest_operation
from localaws.protocol_errors import operation_of
from localaws.s3.errors import S3Error
from localaws.s3.operation import operation_name
from localaws.s3.request import request_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_CALLER = re.compile(r"Credential=(?P<key>[^/]+)/")
NAMES = frozenset(
    {
        "DatabaseName", "FunctionName", "JobName", "KeyId", "Name", "QueueUrl", "SecretId", "StreamName", "TableName",
        "TopicArn", "WorkGroup", "logGroupName",
    }
)  # fmt: skip
"""Parameters that name a resource. Only their values are logged."""


class CallLog:
    """The file ``path``, to which each signed request adds ``{"caller", "service", "operation", "of"}``.

    ``caller`` is the access key ID; for a Glue run that is the name of its role. ``of`` contains the resources that the
    request names: parameters among :data:`NAMES`, or S3's Bucket, Key, VersionId and CopySource.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def note(self, environ: WSGIEnvironment, service: str) -> None:
        """Log a request, unless it is unsigned. Its body can still be read afterwards."""
        caller = _CALLER.search(environ.get("HTTP_AUTHORIZATION", ""))
        if not caller:
            return
        operation, named = _s3_call(environ) if service == "s3" else _call(environ, service)
        line = json.dumps({"caller": caller["key"], "service": service, "operation": operation, "of": named})
        with self._lock, self._path.open("a") as file:
            file.write(line + "\n")


def _s3_call(environ: WSGIEnvironment) -> tuple[str, dict[str, str]]:
    try:
        request = request_of(environ)
    except S3Error:
        return "", {}
    named = {
        "Bucket": request.bucket,
        "Key": request.key,
        "VersionId": request.query.get("versionId", ""),
        "CopySource": request.headers.get("x-amz-copy-source", ""),
    }
    return operation_name(request), {name: value for name, value in named.items() if value}


def _call(environ: WSGIEnvironment, service: str) -> tuple[str, dict[str, str]]:
    is_form = str(environ.get("CONTENT_TYPE", "")).startswith("application/x-www-form-urlencoded")
    is_json = "HTTP_X_AMZ_TARGET" in environ
    body = _body(environ) if is_form or is_json else b""
    operation = operation_of(environ, body.decode(errors="replace") if is_form else "")
    if not operation:
        operation = rest_operation(service, environ["REQUEST_METHOD"], str(environ.get("PATH_INFO", "")))
    return operation, _named(_parameters(body, is_json=is_json))


def _body(environ: WSGIEnvironment) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _parameters(body: bytes, *, is_json: bool) -> Mapping[str, Any]:
    if not is_json:
        return dict(parse_qsl(body.decode(errors="replace")))
    try:
        parameters = json.loads(body)
    except ValueError:
        return {}
    return parameters if isinstance(parameters, dict) else {}


def _named(parameters: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in parameters.items() if name in NAMES and isinstance(value, str)}
