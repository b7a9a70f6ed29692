"""Lambda's API as a WSGI application."""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from werkzeug.wrappers import Request, Response

from localaws.functions.constraints import check
from localaws.functions.errors import LambdaError
from localaws.functions.wire import Call, HttpRequest, answer, read, route

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Operation: TypeAlias = Callable[[Call], dict[str, Any]]
_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/(?P<region>[^/]+)/")
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# A request with the largest allowed zip file in base64, and its other parameters.
_MAX_BODY = 70_167_211
_log = logging.getLogger(__name__)


class LambdaApplication:
    """Calls the method of an operation. The objects in ``calls`` have one per operation, named as in boto3."""

    def __init__(self, calls: Iterable[object], region: str, account: str) -> None:
        self._operations: Mapping[str, Operation] = {
            name: getattr(part, name) for part in calls for name in dir(type(part)) if not name.startswith("_")
        }
        self._region = region
        self._account = account

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            status, headers, body = self._answer(Request(environ))
        except LambdaError as error:
            status, body = int(error.status), json.dumps(error.document()).encode()
            headers = {"x-amzn-ErrorType": error.code}
        except Exception as error:  # noqa: BLE001 - every request gets an answer
            _log.error("a Lambda request failed", exc_info=error)
            text = f"{type(error).__name__}: {error}"[:500]
            status, body = 500, json.dumps({"Type": "Service", "message": text}).encode()
            headers = {"x-amzn-ErrorType": "ServiceException"}
        headers = {"x-amzn-RequestId": str(uuid.uuid4()), **headers}
        return Response(body, status, headers, content_type="application/json")(environ, start_response)

    def _answer(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        body = request.get_data()
        query = request.environ.get("QUERY_STRING", "")
        match = route(request.method, request.path, query)
        operation, in_path = match or (None, {})
        name = operation.name if operation else f"{request.method} {request.path[:200]}"
        if operation and len(body) > _MAX_BODY:
            text = f"Request must be smaller than {_MAX_BODY} bytes for the {name} operation"
            raise LambdaError("RequestEntityTooLargeException", text)
        handler = self._operations.get(_WORD.sub("_", name).lower())
        if operation is None or handler is None:
            document = {"message": f"localaws does not implement {name} of lambda"}
            return 501, {"x-amzn-ErrorType": "NotImplemented"}, json.dumps(document).encode()
        headers = {header.lower(): value for header, value in request.headers.items()}
        parameters = read(operation, in_path, HttpRequest(request.method, request.path, query, headers, body))
        check(operation.input_shape, parameters)
        scope = _SCOPE.search(headers.get("authorization", ""))
        region = scope["region"] if scope else self._region
        return answer(operation, handler(Call(name, region, self._account, parameters)))
