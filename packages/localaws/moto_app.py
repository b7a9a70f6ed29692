"""moto's WSGI application, with caches for work that moto repeats at each request."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from moto.core import responses, utils
from moto.core.serialize import ResponseSerializer
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

_WITH_OTHER_NAMES = ("list", "structure")
"""Types of members that moto rather takes from a value under the name of their shape."""


class MotoApplication(DomainDispatcherApplication):
    """Caches the service of each host name: moto lists its folders and tries hundreds of patterns, under one lock."""

    @cache  # noqa: B019 - there is one application per server
    def get_backend_for_host(self, host: str | None) -> Any:
        """Return the name of a service."""
        return super().get_backend_for_host(host)


def install() -> None:
    """Cache the names of attributes, actions and methods. Call this before moto's first request."""
    for name in ("camelcase_to_underscores", "method_names_from_class"):
        remembered = cache(getattr(utils, name))
        for module in (utils, responses):
            setattr(module, name, remembered)
    ResponseSerializer.get_value = _wrap_get_value(ResponseSerializer.get_value)


def _wrap_get_value(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that finds a text or number under its own name, which moto only tries among other names."""

    def get_value(serializer: Any, value: Any, key: str, shape: Any) -> Any:
        is_plain = type(value) is dict and key in value and shape.type_name not in _WITH_OTHER_NAMES
        if is_plain and not getattr(serializer._value_picker, "response_transformers", None):
            return value[key]
        return original(serializer, value, key, shape)

    return get_value
