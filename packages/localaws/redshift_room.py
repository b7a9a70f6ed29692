"""Redshift, opened with the first request to its Data API or to Redshift Serverless."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from localaws.home import Home
from localaws.late import Late
from localaws.s3.store import ObjectStore
from localaws.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from localaws.redshift.rooms import Redshift


class RedshiftRoom:
    """Keeps what Redshift imports and starts out of servers that nobody asks for it."""

    def __init__(self, settings: Settings, home: Home, store: ObjectStore) -> None:
        self._settings, self._home, self._store = settings, home, store
        self._redshift = Late(self._open)

    def services(self) -> dict[str, WSGIApplication]:
        """Return the handlers of requests, by signing name."""
        return {"redshift-data": self._answer_data_api, "redshift-serverless": self._answer_serverless}

    def stop(self) -> None:
        """End the statements, and the PostgreSQL that was started."""
        if redshift := self._redshift.made:
            redshift.stop()

    def _answer_data_api(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._redshift().data_api(environ, start_response)

    def _answer_serverless(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._redshift().serverless(environ, start_response)

    def _open(self) -> Redshift:
        # two threads that import a package and a module in it wait for each other, and Python breaks the import of
        # one: so the package comes first, as it does where Athena imports it
        importlib.import_module("sqlglot")
        from localaws.redshift.rooms import Redshift

        settings = self._settings
        return Redshift(self._home, self._store, settings.redshift, (settings.account, settings.region))
