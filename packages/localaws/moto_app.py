"""moto's WSGI application, with caches for work that moto repeats at each request, and a short way to JSON services."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from string import ascii_letters, digits
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from flask import Flask, Response
from moto.core import responses, utils
from moto.core.request import Request
from moto.core.serialize import ResponseSerializer
from moto.moto_api import recorder
from moto.moto_api._internal.moto_random import MotoRandom
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from werkzeug.exceptions import HTTPException
from werkzeug.sansio.utils import get_current_url
from werkzeug.wrappers import Response as PlainResponse

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Handler = Callable[[Request, str, dict[str, str]], Any]
_WITH_OTHER_NAMES = ("list", "structure")
"""Types of members that moto rather takes from a value under the name of their shape."""


class ServerRequest(Request):
    """A request without Flask. The server sends the Date header."""

    from_wsgi_server = True

    @property
    def url_root(self) -> str:
        """The URL of "/" on the request's host."""
        return _root_of(self.scheme, self.host)


class MotoApplication(DomainDispatcherApplication):
    """Caches the service of each host name: moto lists its folders and tries hundreds of patterns, under one lock."""

    def respond(self, environ: WSGIEnvironment) -> PlainResponse:
        """Return the response to a request.

        A request of the AWS JSON protocol names its operation in a header, so the service's handler is called without
        Flask, whose routing, contexts and hooks cost as much as a small operation. Browsers' requests need its CORS
        headers.
        """
        is_json = environ.get("PATH_INFO") == "/" and environ["REQUEST_METHOD"] == "POST"
        if is_json and "HTTP_X_AMZ_TARGET" in environ and "HTTP_ORIGIN" not in environ:
            handler = _json_handler(self.get_application(environ))
            if handler:
                return _answered(handler, ServerRequest(environ))
        return PlainResponse.from_app(self, environ, buffered=True)

    @cache  # noqa: B019 - there is one application per server
    def get_backend_for_host(self, host: str | None) -> Any:
        """Return the name of a service."""
        return super().get_backend_for_host(host)


@lru_cache(1000)
def _root_of(scheme: str, host: str) -> str:
    return get_current_url(scheme, host, "/")


@cache
def _json_handler(application: Flask) -> Handler | None:
    """Return moto's handler of POST / in a service, or None if it has none."""
    try:
        endpoint, _ = application.url_map.bind("localhost").match("/", "POST")
    except HTTPException:
        return None
    handler: Handler | None = getattr(application.view_functions[endpoint], "callback", None)
    return handler


def _answered(handler: Handler, request: ServerRequest) -> PlainResponse:
    """Call a handler as :class:`moto.core.utils.convert_to_flask_response` does."""
    recorder._record_request(request)
    try:
        result = handler(request, request.raw_url, dict(request.headers))
    except ClientError as error:
        result = 400, {}, error.response["Error"]["Message"]
    except HTTPException as error:
        return PlainResponse.force_type(error.get_response(), request.environ)
    status, headers, content = result if len(result) == 3 else (200, {}, result)
    return Response(response=content, status=status, headers=headers)


def install() -> None:
    """Cache the names of attributes, actions and methods, and draw IDs at once. Call this before moto's first
    request.
    """
    for name in ("camelcase_to_underscores", "method_names_from_class"):
        remembered = cache(getattr(utils, name))
        for module in (utils, responses):
            setattr(module, name, remembered)
    MotoRandom.get_random_string = _random_string
    ResponseSerializer.get_value = _wrap_get_value(ResponseSerializer.get_value)


def _random_string(random: MotoRandom, length: int = 20, include_digits: bool = True, lower_case: bool = False) -> str:
    """Return random letters. Each answer has an ID of 52; moto draws them one by one."""
    letters = _letters(ascii_letters + digits if include_digits else ascii_letters)
    text = random.randbytes(length).translate(letters).decode()
    return text.lower() if lower_case else text


@cache
def _letters(letters: str) -> bytes:
    """Return a table of a letter for each byte."""
    return "".join(letters[byte % len(letters)] for byte in range(256)).encode()


def _wrap_get_value(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that finds a text or number under its own name, which moto only tries among other names."""

    def get_value(serializer: Any, value: Any, key: str, shape: Any) -> Any:
        is_plain = type(value) is dict and key in value and shape.type_name not in _WITH_OTHER_NAMES
        if is_plain and not getattr(serializer._value_picker, "response_transformers", None):
            return value[key]
        return original(serializer, value, key, shape)

    return get_value
