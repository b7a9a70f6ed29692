"""A WSGI application for a service with AWS's JSON protocol: requests are validated by botocore's model."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.validate import ParamValidator
from werkzeug.wrappers import Request, Response

from localaws.protocol_errors import error_response, operation_of
from localaws.redshift.errors import ApiError, ValidationError
from localaws.s3.errors import DISK_FULL, is_disk_full

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/(?P<region>[^/]+)/")
_log = logging.getLogger(__name__)
Handler = Callable[[str, str, dict[str, Any]], Mapping[str, Any]]


def json_application(service: str, handlers: Mapping[str, Handler], owner: tuple[str, str]) -> WSGIApplication:
    """Answer each operation in ``handlers``, called with account, region and request; others return status 501.

    ``owner`` is the account, and the region of a request whose signature names none.
    """

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        operation = operation_of(environ, "")
        try:
            answer = _answered(environ, operation)
        except ApiError as error:
            answer = error_response(environ, service, error.status, (error.code, str(error)))
        except Exception as error:  # noqa: BLE001 - every request gets an answer
            answer = _failed(environ, operation, error)
        return answer(environ, start_response)

    def _answered(environ: WSGIEnvironment, operation: str) -> Any:
        handler = handlers.get(operation)
        if handler is None:
            text = f"localaws does not implement {operation} of {service}"
            return error_response(environ, service, HTTPStatus.NOT_IMPLEMENTED, ("NotImplemented", text))
        request = json.loads(Request(environ).get_data() or b"{}")
        _validate(service, operation, request)
        body = json.dumps(handler(owner[0], _region(environ) or owner[1], request))
        return Response(body, content_type="application/x-amz-json-1.1")

    def _failed(environ: WSGIEnvironment, operation: str, error: Exception) -> Any:
        if isinstance(error, OSError) and is_disk_full(error):
            return error_response(environ, service, HTTPStatus.INSUFFICIENT_STORAGE, ("InsufficientStorage", DISK_FULL))
        _log.error("%s of %s failed", operation, service, exc_info=error)
        text = f"{operation} of {service} failed: {type(error).__name__}: {error}"
        return error_response(environ, service, HTTPStatus.INTERNAL_SERVER_ERROR, ("InternalServerException", text))

    return application


def _region(environ: WSGIEnvironment) -> str:
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    return scope["region"] if scope else ""


@cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def _validate(service: str, operation: str, request: dict[str, Any]) -> None:
    shape = _model(service).operation_model(operation).input_shape
    report = ParamValidator().validate(request, shape)
    if report.has_errors():
        raise ValidationError(report.generate_report())
