"""Error responses in the protocol of the request, from which AWS clients read code and message."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

_QUERY_ACTION = re.compile(r"(?:^|&)Action=(\w+)")
_XML_SERVICES = frozenset({"cloudfront", "route53", "s3", "s3control"})
_CBOR = "rpc-v2-cbor"
_LONGEST_MESSAGE = 1000


def operation_of(environ: Mapping[str, Any], form: str) -> str:
    """Return the name of the requested operation, or "" for REST protocols, where method and path identify it.

    ``form`` is the body of a form-encoded request.
    """
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    if environ.get("HTTP_SMITHY_PROTOCOL") == _CBOR:
        return str(environ.get("PATH_INFO", "")).rpartition("/")[2]
    match = _QUERY_ACTION.search(form)
    return match[1] if match else ""


def error_response(environ: Mapping[str, Any], service: str, status: HTTPStatus, error: tuple[str, str]) -> Response:
    """Return ``error``, a code and a message, as the client of ``service`` expects it."""
    code, message = error[0], error[1][:_LONGEST_MESSAGE]
    if environ.get("HTTP_SMITHY_PROTOCOL") == _CBOR:
        body = b"\xa2" + b"".join(map(_cbor_text, ("__type", code, "message", message)))
        return Response(body, status, {"smithy-protocol": _CBOR}, content_type="application/cbor")
    if not _uses_xml(environ, service):
        text = json.dumps({"__type": code, "message": message})
        return Response(text, status, {"x-amzn-errortype": code}, content_type="application/x-amz-json-1.1")
    inner = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if service == "s3":
        document = f"<Error>{inner}</Error>"
    elif service == "ec2":
        document = f"<Response><Errors><Error>{inner}</Error></Errors></Response>"
    else:
        document = f"<ErrorResponse><Error>{inner}</Error></ErrorResponse>"
    return Response(document, status, content_type="text/xml")


def _uses_xml(environ: Mapping[str, Any], service: str) -> bool:
    is_form = str(environ.get("CONTENT_TYPE", "")).startswith("application/x-www-form-urlencoded")
    return is_form or service in _XML_SERVICES


def _cbor_text(text: str) -> bytes:
    """Encode a text string with a two-byte length (RFC 8949, section 3)."""
    data = text.encode()
    return b"\x79" + len(data).to_bytes(2, "big") + data
