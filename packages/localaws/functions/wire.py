"""Lambda's REST protocol: parses requests and serializes answers with botocore's model of the service."""

from __future__ import annotations

import base64
import binascii
import datetime
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote

import botocore.session
from botocore.model import OperationModel

from localaws.functions.errors import LambdaError

# Key in a result for the request ID of the invocation, which replaces that of the answer.
REQUEST_ID = "x-amzn-RequestId"
_PARAMETER = re.compile(r"\\{(\w+)(\\\+)?\\}")


@dataclass(frozen=True)
class Call:
    """One request: the operation and its parameters, with their names in boto3."""

    operation: str
    region: str
    account: str
    parameters: dict[str, Any]

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a parameter."""
        return self.parameters.get(name, default)

    def __getitem__(self, name: str) -> Any:
        return self.parameters[name]


@dataclass(frozen=True)
class HttpRequest:
    """An HTTP request; ``headers`` are keyed by lower-case name."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class _Route:
    """Route of one operation: requests whose path matches ``pattern`` and whose query contains ``words``."""

    method: str
    pattern: re.Pattern[str]
    words: frozenset[str]
    operation: OperationModel

    def found(self, method: str, path: str, query: frozenset[str]) -> re.Match[str] | None:
        if self.method != method or not self.words <= query:
            return None
        return self.pattern.fullmatch(path)


@cache
def _routes() -> tuple[_Route, ...]:
    """Return all routes: paths with fewer parameters first, then those with more words in the query."""
    model = botocore.session.get_session().get_service_model("lambda")
    routes = []
    for name in model.operation_names:
        operation = model.operation_model(name)
        uri, _, words = operation.http["requestUri"].partition("?")
        path = re.escape(uri.rstrip("/"))
        pattern = _PARAMETER.sub(lambda match: f"(?P<{match[1]}>{'.+' if match[2] else '[^/]+'})", path)
        route = _Route(operation.http["method"], re.compile(pattern), _words(words), operation)
        routes.append((path.count("{"), -len(route.words), route))
    return tuple(route for _, _, route in sorted(routes, key=lambda item: item[:2]))


@cache
def known_runtimes() -> tuple[str, ...]:
    """Return the names of all runtimes in botocore's model."""
    model = botocore.session.get_session().get_service_model("lambda")
    return tuple(model.shape_for("Runtime").metadata["enum"])


def route(method: str, path: str, query: str) -> tuple[OperationModel, dict[str, str]] | None:
    """Return the operation of a request and the parameters in its path, or None if Lambda has no such operation."""
    words = _words(query)
    for known in _routes():
        if match := known.found(method, path.rstrip("/"), words):
            return known.operation, {name: unquote(value) for name, value in match.groupdict().items()}
    return None


def _words(query: str) -> frozenset[str]:
    return frozenset(filter(None, query.split("&")))


def read(operation: OperationModel, in_path: Mapping[str, str], request: HttpRequest) -> dict[str, Any]:
    """Return the parameters of a request. Raises LambdaError for a body that does not fit the operation."""
    shape = operation.input_shape
    if shape is None:
        return {}
    payload = shape.serialization.get("payload")
    document = {} if payload else _document(request.body)
    query = parse_qs(request.query, keep_blank_values=True)
    values: dict[str, Any] = {}
    for name, member in shape.members.items():
        location, wire_name = member.serialization.get("location"), member.serialization.get("name", name)
        if name == payload:
            values[name] = request.body if member.type_name == "blob" else _value(member, _document(request.body))
        elif location == "uri":
            values[name] = in_path[wire_name]
        elif location == "querystring":
            if wire_name in query:
                values[name] = query[wire_name] if member.type_name == "list" else _scalar(member, query[wire_name][0])
        elif location == "header":
            if (text := request.headers.get(wire_name.lower())) is not None:
                values[name] = _scalar(member, text)
        elif document.get(wire_name) is not None:
            values[name] = _value(member, document[wire_name])
    return values


def answer(operation: OperationModel, result: Mapping[str, Any]) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of a result."""
    status, body = int(operation.http.get("responseCode", 200)), {}
    headers = {REQUEST_ID: str(result[REQUEST_ID])} if REQUEST_ID in result else {}
    shape = operation.output_shape
    if shape is None:
        return status, headers, b""
    payload = shape.serialization.get("payload")
    raw = b""
    for name, member in shape.members.items():
        if result.get(name) is None:
            continue
        location = member.serialization.get("location")
        if location == "statusCode":
            status = int(result[name])
        elif location == "header":
            headers[member.serialization["name"]] = str(result[name])
        elif name == payload:
            raw = result[name]
        else:
            body[member.serialization.get("name", name)] = _shown(member, result[name])
    if payload:
        return status, headers, raw
    return status, headers, b"" if status == 204 else json.dumps(body).encode()


def _document(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        document = json.loads(body)
    except ValueError as error:
        message = f"Could not parse request body into json: {error}"
        raise LambdaError("InvalidRequestContentException", message) from error
    if not isinstance(document, dict):
        raise LambdaError("InvalidRequestContentException", "Could not parse request body into json: no object")
    return document


def _scalar(shape: Any, text: str) -> Any:
    if shape.type_name in ("integer", "long"):
        return int(text) if re.fullmatch(r"-?\d{1,18}", text) else text
    return text == "true" if shape.type_name == "boolean" else text


def _value(shape: Any, value: Any) -> Any:
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        return {
            name: _value(member, value[name]) for name, member in shape.members.items() if value.get(name) is not None
        }
    if kind == "list" and isinstance(value, list):
        return [_value(shape.member, item) for item in value]
    if kind == "map" and isinstance(value, dict):
        return {key: _value(shape.value, item) for key, item in value.items()}
    if kind == "blob":
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, TypeError) as error:
            message = "Could not parse request body into json: a blob is not base64"
            raise LambdaError("InvalidRequestContentException", message) from error
    return value


def _shown(shape: Any, value: Any) -> Any:
    """Return the members of a value that its shape contains, without the internal ones stored with it."""
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    if shape.type_name == "structure":
        return {
            name: _shown(member, value[name]) for name, member in shape.members.items() if value.get(name) is not None
        }
    if shape.type_name == "list":
        return [_shown(shape.member, item) for item in value]
    return value
