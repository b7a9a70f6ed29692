"""Lambda, opened with the first request to it, or at the start of a home that has functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from localaws.home import Home
from localaws.late import Late
from localaws.s3.errors import S3Error
from localaws.s3.store import ObjectStore
from localaws.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from localaws.functions.room import Functions


class LambdaRoom:
    """Keeps what Lambda imports and starts out of servers that nobody asks for a function."""

    def __init__(
        self, settings: Settings, home: Home, store: ObjectStore, endpoint: str, save_logs: Callable[[], None]
    ) -> None:
        self._home = home
        self._store = store
        self._functions = Late(lambda: self._open(settings, endpoint, save_logs))
        self._application: Late[WSGIApplication] = Late(lambda: self._functions().application())

    def answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request to Lambda's API."""
        return self._application()(environ, start_response)

    def download(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve code to download."""
        return self._functions().download(environ, start_response)

    def resume(self) -> None:
        """Go on with what an earlier server left."""
        if self._home.functions.exists():
            self._functions()

    def stop(self) -> None:
        """End every process."""
        if functions := self._functions.made:
            functions.stop()

    def _open(self, settings: Settings, endpoint: str, save_logs: Callable[[], None]) -> Functions:
        from localaws.functions.room import Functions

        return Functions(settings, self._home.functions, endpoint, self._read_object, save_logs)

    def _read_object(self, bucket: str, key: str, version: str) -> bytes:
        """Bytes of an object; raises LookupError with S3's code and message."""
        try:
            _, file = self._store.reads.open(bucket, key, version)
        except S3Error as error:
            raise LookupError(error.code, error.message) from error
        with file:
            return file.read()
