"""A runtime in plain Python, for platforms for which awslambdaric has no wheel (macOS, other Python versions).

It imports only the standard library and implements https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
"""

from __future__ import annotations

import http.client
import importlib
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

_API = "/2018-06-01/runtime"
_TEXT_FORMAT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"


class HandlerError(Exception):
    """A handler that cannot be loaded, or a result that is not valid JSON; ``kind`` is the errorType."""

    def __init__(self, kind: str, message: str, trace: list[str] | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.trace = trace or []


class Context:
    """The second argument of a handler."""

    def __init__(self, headers: http.client.HTTPMessage) -> None:
        self._deadline = int(headers["Lambda-Runtime-Deadline-Ms"])
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = SimpleNamespace(cognito_identity_id=None, cognito_identity_pool_id=None)
        self.client_context = _client_context(headers.get("Lambda-Runtime-Client-Context"))

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the invocation times out."""
        return max(0, self._deadline - int(time.time() * 1000))


class _RequestIds(logging.Filter):
    current = ""

    def filter(self, record: logging.LogRecord) -> bool:
        record.aws_request_id = self.current
        return True


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": getattr(record, "aws_request_id", ""),
        }
        if record.exc_info:
            line["stackTrace"] = self.formatException(record.exc_info).splitlines()
        return json.dumps(line)


def main(handler: str) -> None:
    """Load the handler, then answer one invocation after another."""
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    requests = _log_to_stdout()
    try:
        function = load(handler)
    except Exception as error:  # noqa: BLE001 - whatever a module raises is reported
        described = describe(error, "")
        _log_failure(described)
        _post(connection, "/init/error", described, {"Lambda-Runtime-Function-Error-Type": described["errorType"]})
        sys.exit(1)
    while True:
        connection.request("GET", f"{_API}/invocation/next")
        response = connection.getresponse()
        body = response.read()
        context = Context(response.headers)
        requests.current = context.aws_request_id
        _answer(connection, function, body, context)


def load(handler: str) -> Callable[[Any, Context], Any]:
    """Return the function that ``handler`` names. Raises HandlerError."""
    module_name, dot, name = handler.rpartition(".")
    if not dot:
        reason = "not enough values to unpack (expected 2, got 1)"
        raise HandlerError("Runtime.MalformedHandlerName", f"Bad handler '{handler}': {reason}")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        text = f"Unable to import module '{module_name}': {error}"
        raise HandlerError("Runtime.ImportModuleError", text) from error
    except SyntaxError as error:
        text = f"Syntax error in module '{module_name}': {error}"
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        raise HandlerError("Runtime.UserCodeSyntaxError", text, trace) from error
    attribute = getattr(module, name, None)
    if attribute is None:
        text = f"Handler '{name}' missing on module '{module_name}'"
        raise HandlerError("Runtime.HandlerNotFound", text)
    function: Callable[[Any, Context], Any] = attribute
    return function


def describe(error: Exception, request_id: str) -> dict[str, Any]:
    """Return the description of an exception that Lambda's clients read."""
    if isinstance(error, HandlerError):
        kind, trace = error.kind, error.trace
    else:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
        kind, trace = type(error).__name__, traceback.format_list(frames)
    return {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": trace}


def _answer(
    connection: http.client.HTTPConnection, function: Callable[[Any, Context], Any], body: bytes, context: Context
) -> None:
    path = f"/invocation/{context.aws_request_id}"
    try:
        result = _encoded(function(json.loads(body), context))
    except Exception as error:  # noqa: BLE001 - whatever a handler raises is its result
        described = describe(error, context.aws_request_id)
        _log_failure(described)
        _post(connection, f"{path}/error", described, {"Lambda-Runtime-Function-Error-Type": described["errorType"]})
    else:
        _post(connection, f"{path}/response", result, {})


def _encoded(result: Any) -> bytes:
    try:
        return json.dumps(result, ensure_ascii=False, default=_number).encode()
    except (TypeError, ValueError) as error:
        text = f"Unable to marshal response: {error}"
        raise HandlerError("Runtime.MarshalError", text) from error


def _number(value: Any) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _post(connection: http.client.HTTPConnection, path: str, content: Any, headers: dict[str, str]) -> None:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    connection.request("POST", f"{_API}{path}", data, {"Content-Type": "application/json", **headers})
    connection.getresponse().read()


def _client_context(text: str | None) -> Any:
    if not text:
        return None
    given = json.loads(text)
    return SimpleNamespace(client=given.get("client"), custom=given.get("custom"), env=given.get("env"))


def _log_to_stdout() -> _RequestIds:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    requests = _RequestIds()
    handler = logging.StreamHandler(sys.stdout)
    formatter = logging.Formatter(_TEXT_FORMAT, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(_JsonLines() if os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON" else formatter)
    handler.addFilter(requests)
    root = logging.getLogger()
    root.addHandler(handler)
    if level := os.environ.get("AWS_LAMBDA_LOG_LEVEL"):
        root.setLevel({"TRACE": "DEBUG", "FATAL": "CRITICAL"}.get(level, level))
    return requests


def _log_failure(described: dict[str, Any]) -> None:
    lines = [f"[ERROR] {described['errorType']}: {described['errorMessage']}", "Traceback (most recent call last):"]
    for part in described["stackTrace"]:
        lines += [_with_kept_indent(line) for line in part.splitlines()]
    # A carriage return instead of a newline keeps several lines in one log event.
    sys.stdout.write("\r".join(lines) + "\n")


def _with_kept_indent(line: str) -> str:
    """Return a line with its leading spaces as no-break spaces, as awslambdaric writes them."""
    text = line.lstrip(" ")
    return "\u00a0" * (len(line) - len(text)) + text


if __name__ == "__main__":
    main(sys.argv[1])
