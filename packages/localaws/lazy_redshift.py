"""Redshift, opened by the first request to its Data API or to Redshift Serverless."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from localaws.home import Home
from localaws.lazy import Lazy
from localaws.s3.store import ObjectStore
from localaws.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from localaws.redshift.service import Redshift


class LazyRedshift:
    """Opens Redshift when it is first needed: other servers neither import it nor start its PostgreSQL."""

    def __init__(self, settings: Settings, home: Home, store: ObjectStore, save: Callable[[str], None]) -> None:
        self._settings, self._home, self._store, self._save = settings, home, store, save
        self._redshift = Lazy(self._open)

    def services(self) -> dict[str, WSGIApplication]:
        """Return the request handlers by signing name."""
        return {"redshift-data": self._answer_data_api, "redshift-serverless": self._answer_serverless}

    def stop(self) -> None:
        """End the running statements, and the PostgreSQL if it was started here."""
        if redshift := self._redshift.if_created:
            redshift.stop()

    def _answer_data_api(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._redshift().data_api(environ, start_response)

    def _answer_serverless(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._redshift().serverless(environ, start_response)

    def _open(self) -> Redshift:
        # If one thread imports a package while another imports a module of it, they deadlock and Python breaks one of
        # the imports. So the package is imported first, in the same order as where Athena imports it.
        importlib.import_module("sqlglot")
        from localaws.redshift.service import Redshift

        owner = self._settings.account, self._settings.region
        return Redshift(self._home, self._store, self._settings.redshift, owner, self._save)
