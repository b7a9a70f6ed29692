"""moto's WSGI application, with caches for work that moto repeats at each request."""

from __future__ import annotations

from functools import cache
from typing import Any

from moto.core import responses, utils
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser
from moto.moto_server.werkzeug_app import DomainDispatcherApplication


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
    DepthFirstTraverser.nodes_to_be_processed = _nodes_to_be_processed


def _nodes_to_be_processed(traverser: Any) -> tuple[type, ...]:
    """Return the kinds of node that a traverser changes. moto calculates them again for each node of an expression."""
    if "kinds" not in vars(traverser):
        vars(traverser)["kinds"] = tuple(traverser._processing_map())
    kinds: tuple[type, ...] = vars(traverser)["kinds"]
    return kinds
