"""The one WSGI application: routes each request to the service that handles it."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from http import HTTPStatus
from traceback import walk_tb
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs

from werkzeug.wrappers import Response

from localaws.moto_state import MotoState, StateNotSavedError
from localaws.operation_names import rest_operation
from localaws.protocol_errors import error_response, operation_of
from localaws.s3.errors import DISK_FULL, is_disk_full

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from localaws.calls import CallLog

_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_READS = re.compile(r"(BatchGet|Get|List|Describe|Search|Query|Lookup|Check|Verify|Filter|Simulate)")
_READS_OF = {"kms": re.compile(r"(Encrypt|Decrypt|ReEncrypt|Generate\w+|Sign|DeriveSharedSecret)")}
"""Calls that read but do not change the state of one service, in addition to the prefixes common to all services."""

# Errors of code that does not expect its input: a retry of the same request fails again.
_REPEATABLE = (LookupError, AttributeError, TypeError, ValueError, AssertionError)

_log = logging.getLogger(__name__)


class Keeper(Protocol):
    """Stores the changes that a service's requests make, if the service has its own store."""

    def reading(self, operation: str) -> AbstractContextManager[None]:
        """Run a block that only reads."""

    def changing(self, operation: str) -> AbstractContextManager[None]:
        """Run a block that changes something, then store the result."""


class Moto(Protocol):
    """moto's services."""

    def respond(self, environ: WSGIEnvironment) -> Response:
        """Return the response to a request."""


class Router:
    """Routes requests by path or by the service they are signed for, unsigned ones to S3, and all others to moto."""

    def __init__(
        self,
        s3: WSGIApplication,
        moto: Moto,
        state: MotoState,
        by_path: Mapping[str, WSGIApplication],
        by_service: Mapping[str, WSGIApplication],
        keepers: Mapping[str, Keeper],
        calls: CallLog | None = None,
    ) -> None:
        self._s3 = s3
        self._moto = moto
        self._state = state
        self._by_path = by_path
        self._by_service = by_service
        self._keepers = keepers
        self._calls = calls

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        for prefix, app in self._by_path.items():
            # A bucket may have the same name as the prefix: a request signed for S3 is always S3's.
            if path.startswith(f"{prefix}/") and signed_service(environ) != "s3":
                return app(environ, start_response)
        service = service_of(environ)
        if self._calls:
            self._calls.note(environ, service)
        if service == "s3" and not path.startswith("/moto-api"):
            return self._s3(environ, start_response)
        if service in self._by_service:
            return self._by_service[service](environ, start_response)
        return self._answer_and_save(service, environ, start_response)

    def _answer_and_save(
        self, service: str, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Let moto answer, and store its state before the answer is sent: an acknowledged change survives a kill."""
        operation = operation_of(environ, _form(environ))
        changes = not (_reads(service, operation) or (not operation and environ["REQUEST_METHOD"] in ("GET", "HEAD")))
        try:
            with self._saving(service, operation, changes=changes):
                answer = self._moto.respond(environ)
                if _has_no_route(answer, environ):
                    raise NotImplementedError("action has not been implemented")
        except Exception as error:  # noqa: BLE001 - every request gets an answer
            name = operation or rest_operation(service, environ["REQUEST_METHOD"], str(environ.get("PATH_INFO", "")))
            status, explanation = explained(error, service, name)
            answer = error_response(environ, service, status, explanation)
        return answer(environ, start_response)

    def _saving(self, service: str, operation: str, *, changes: bool) -> AbstractContextManager[None]:
        if keeper := self._keepers.get(service):
            return keeper.changing(operation) if changes else keeper.reading(operation)
        return self._state.changing(service) if changes else nullcontext()


def _reads(service: str, operation: str) -> bool:
    return bool(_READS.match(operation) or (service in _READS_OF and _READS_OF[service].fullmatch(operation)))


def _has_no_route(answer: Response, environ: WSGIEnvironment) -> bool:
    """Return whether moto lacks the operation: it answers with an HTML page or nothing, where AWS sends a document."""
    is_page = answer.mimetype == "text/html" and not answer.get_data().lstrip().startswith((b"{", b"<?xml"))
    return answer.status_code == 404 and environ["REQUEST_METHOD"] != "HEAD" and (is_page or not answer.get_data())


def explained(error: Exception, service: str, operation: str) -> tuple[HTTPStatus, tuple[str, str]]:
    """Return HTTP status, code and message of a failed call. Clients retry 500 and 503, but neither 501 nor 507."""
    if isinstance(error, NotImplementedError):
        text = f"localaws does not implement {operation} of {service or 'this service'}"
        detail = "" if "action has not been implemented" in str(error) else str(error)
        return HTTPStatus.NOT_IMPLEMENTED, ("NotImplemented", f"{text}: {detail}" if detail else text)
    if isinstance(error, StateNotSavedError):
        if error.retryable:
            return HTTPStatus.SERVICE_UNAVAILABLE, ("ServiceUnavailable", str(error))
        return HTTPStatus.NOT_IMPLEMENTED, ("NotImplemented", str(error))
    if isinstance(error, OSError) and is_disk_full(error):
        return HTTPStatus.INSUFFICIENT_STORAGE, ("InsufficientStorage", DISK_FULL)
    _log.error("%s of %s failed", operation, service, exc_info=error)
    text = f"{operation} of {service} failed: {type(error).__name__}: {error}"
    if isinstance(error, _REPEATABLE) and _raised_by_moto(error):
        return HTTPStatus.NOT_IMPLEMENTED, ("NotImplemented", f"localaws does not implement this request: {text}")
    return HTTPStatus.INTERNAL_SERVER_ERROR, ("InternalFailure", text)


def _raised_by_moto(error: Exception) -> bool:
    """Return whether an error was raised in moto's code, as opposed to code of localaws that moto called."""
    names = [frame.f_globals.get("__name__", "").partition(".")[0] for frame, _ in walk_tb(error.__traceback__)]
    return next((name == "moto" for name in reversed(names) if name in ("moto", "localaws")), False)


def service_of(environ: WSGIEnvironment) -> str:
    """Return the signing name of a request's service; an unsigned request without an action is S3's."""
    return signed_service(environ) or ("" if environ.get("HTTP_X_AMZ_TARGET") or _is_form(environ) else "s3")


def signed_service(environ: WSGIEnvironment) -> str | None:
    """Return the service that a request or a presigned URL is signed for, or None if it is unsigned."""
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    if scope:
        return scope["service"].lower()
    query = parse_qs(environ.get("QUERY_STRING", ""))
    credential = query.get("X-Amz-Credential", [""])[0]
    return credential.split("/")[3].lower() if credential.count("/") == 4 else None


def _form(environ: WSGIEnvironment) -> str:
    """Return a form-encoded body, which can still be read afterwards, or "" for other requests."""
    if not _is_form(environ):
        return ""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return str(body.decode(errors="replace"))


def _is_form(environ: Mapping[str, Any]) -> bool:
    return str(environ.get("CONTENT_TYPE", "")).startswith("application/x-www-form-urlencoded")
