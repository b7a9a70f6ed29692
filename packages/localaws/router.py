"""The one WSGI application: sends each request to the room that answers it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from werkzeug.wrappers import Response

from localaws.s3.errors import DISK_FULL, is_disk_full

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from localaws.moto_state import MotoState

_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_READS = re.compile(r"(BatchGet|Get|List|Describe|Search|Query|Lookup|Check|Verify|Filter|Simulate)")


class Router:
    """Iceberg REST by path, S3 by signature (or by having none), everything else to moto."""

    def __init__(
        self, s3: WSGIApplication, moto: WSGIApplication, state: MotoState, by_path: Mapping[str, WSGIApplication]
    ) -> None:
        self._s3 = s3
        self._moto = moto
        self._state = state
        self._by_path = by_path

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        for prefix, app in self._by_path.items():
            # A bucket may have the name of the prefix: what is signed for S3 is meant for it.
            if path.startswith(f"{prefix}/") and signed_service(environ) != "s3":
                return app(environ, start_response)
        service = service_of(environ)
        if service == "s3" and not path.startswith("/moto-api"):
            return self._s3(environ, start_response)
        return self._answer_and_save(service, environ, start_response)

    def _answer_and_save(
        self, service: str, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Let moto answer, and store its state before the answer leaves: what was acknowledged survives a kill."""
        changes = not _READS.match(_action(environ))
        try:
            answer = Response.from_app(self._moto, environ, buffered=True)
            if changes:
                self._state.save(service)
        except OSError as error:
            if not is_disk_full(error):
                raise
            answer = _disk_full(environ)
        return answer(environ, start_response)


def _disk_full(environ: WSGIEnvironment) -> Response:
    """An error in the request's own protocol; no client tries a 507 again by itself."""
    if environ.get("HTTP_X_AMZ_TARGET"):
        text = json.dumps({"__type": "InsufficientStorage", "message": DISK_FULL})
        return Response(text, HTTPStatus.INSUFFICIENT_STORAGE, content_type="application/x-amz-json-1.1")
    error = f"<Error><Code>InsufficientStorage</Code><Message>{DISK_FULL}</Message></Error>"
    text = f"<ErrorResponse>{error}</ErrorResponse>"
    return Response(text, HTTPStatus.INSUFFICIENT_STORAGE, content_type="text/xml")


def service_of(environ: WSGIEnvironment) -> str:
    """The signing name of a request; an unsigned one without an action is S3's."""
    return signed_service(environ) or ("" if environ.get("HTTP_X_AMZ_TARGET") or _is_form(environ) else "s3")


def signed_service(environ: WSGIEnvironment) -> str | None:
    """The service that a request, or a presigned URL, is signed for; None where it is not signed."""
    found = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    if found:
        return found["service"].lower()
    query = parse_qs(environ.get("QUERY_STRING", ""))
    credential = query.get("X-Amz-Credential", [""])[0]
    return credential.split("/")[3].lower() if credential.count("/") == 4 else None


def _action(environ: WSGIEnvironment) -> str:
    """The operation's name: from the target header (JSON protocols) or the form (query protocols)."""
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return str(target.rpartition(".")[2])
    if _is_form(environ):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        return parse_qs(body.decode(errors="replace")).get("Action", [""])[0]
    return "GetByMethod" if environ["REQUEST_METHOD"] in ("GET", "HEAD") else ""


def _is_form(environ: Mapping[str, Any]) -> bool:
    return str(environ.get("CONTENT_TYPE", "")).startswith("application/x-www-form-urlencoded")
