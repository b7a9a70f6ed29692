"""moto's state, kept across restarts: one file per service, written before a changing request is answered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import moto
from moto.backends import get_backend

from localaws.errors import HomeStateError
from localaws.home import replace_file
from localaws.log_events import LogEvents, streams_of
from localaws.moto_pickle import UNREADABLE, pickled, unpickled

SERVICES = (
    "athena",
    "cloudformation",
    "dynamodb",
    "events",
    "glue",
    "iam",
    "kinesis",
    "kms",
    "logs",
    "redshift",
    "s3",
    "scheduler",
    "secretsmanager",
    "ses",
    "sns",
    "sqs",
    "ssm",
)
# Calls of these services, by signing name, change the state of others: stacks create resources, tags belong to them.
_SPANNING = frozenset({"cloudformation", "tagging"})
_ATTEMPTS = 5


class StateNotSavedError(Exception):
    """A change was undone because the state it led to cannot be stored.

    ``retryable``: the change was not the cause, but was undone together with one that was made at the same time.
    """

    def __init__(self, service: str, reason: str, *, retryable: bool = False) -> None:
        self.retryable = retryable
        super().__init__(f"The call was undone: the state of {service} could not be stored ({reason[:300]})")


class MotoState:
    """Saves and loads the backends of :data:`SERVICES` under one folder.

    A backend class may name attributes in ``transient`` (locks, pools, links to other parts): they are not stored.
    A backend's ``lock``, if it has one, is held while it is pickled. A file is read only by the moto version that
    wrote it, because its classes are moto's own; another version raises HomeStateError and leaves the file alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locks = {service: threading.RLock() for service in SERVICES}
        # How often a service's state was put back: a change begun before such a moment is undone with it.
        self._restored = dict.fromkeys(SERVICES, 0)
        self._events = LogEvents(folder / "log_events")
        # What a service's state needs after it was loaded or put back.
        self._completions: dict[str, Callable[[], None]] = {"logs": self._load_events}

    def load(self) -> None:
        """Read every stored service; raises HomeStateError."""
        for service in SERVICES:
            self._replace(service, self._stored(service), fresh=False)
            if self._path(service).exists():
                self._complete(service)

    def complete_with(self, service: str, completion: Callable[[], None]) -> None:
        """Call ``completion`` after a service's state was loaded, or put back."""
        self._completions[service] = completion

    @contextmanager
    def changing(self, service: str) -> Iterator[None]:
        """Run a block that changes a service, then store the result; other services have nothing to store.

        If the state cannot be stored, it is put back to what was stored last, and StateNotSavedError is raised, or
        OSError where the disk is full.
        """
        services = SERVICES if service in _SPANNING else tuple({service} & set(SERVICES))
        begun = {name: self._restored[name] for name in services}
        yield
        for name in services:
            self._save(name, begun[name])

    def keep(self, service: str) -> None:
        """Store one service as it is now, which no call asked for: where that fails, it stays as it is in memory.

        Raises StateNotSavedError, or OSError where the disk is full.
        """
        with self._locks[service]:
            self._store(service)

    def _save(self, service: str, begun: int) -> None:
        with self._locks[service]:
            if self._restored[service] != begun:
                raise StateNotSavedError(service, "another call at the same time was undone", retryable=True)
            try:
                self._store(service)
            except Exception:
                self._restored[service] += 1
                self._put_back(service)
                raise

    def _store(self, service: str) -> None:
        try:
            self._write(service)
        except OSError:
            raise
        except Exception as error:
            raise StateNotSavedError(service, f"{type(error).__name__}: {error}") from error

    def _put_back(self, service: str) -> None:
        self._replace(service, self._stored(service), fresh=True)
        self._complete(service)

    def _complete(self, service: str) -> None:
        if completion := self._completions.get(service):
            completion()

    def _load_events(self) -> None:
        self._events.load(streams_of(_backends("logs")))

    def _write(self, service: str) -> None:
        with ExitStack() as held:
            for backend in _backends(service):
                held.enter_context(getattr(backend, "lock", nullcontext()))
            content = {"moto": moto.__version__, "backends": _snapshot(service)}
            data = _pickled(content)
        if not content["backends"] and not self._path(service).exists():
            return
        streams = list(streams_of(_backends(service))) if service == "logs" else []
        self._events.save(streams)
        replace_file(self._path(service), data)
        if service == "logs":
            self._events.keep_only(streams)

    def _stored(self, service: str) -> dict[tuple[str, str], dict[str, Any]]:
        """Attributes by account and region, as they were stored last."""
        path = self._path(service)
        if not path.exists():
            return {}
        try:
            stored = unpickled(path.read_bytes())
        except UNREADABLE as error:
            raise HomeStateError(path, repr(error)) from error
        if stored["moto"] != moto.__version__:
            raise HomeStateError(path, f"written with moto {stored['moto']}, this is moto {moto.__version__}")
        return {(account, region): attributes for account, region, attributes in stored["backends"]}

    def _replace(self, service: str, stored: dict[tuple[str, str], dict[str, Any]], *, fresh: bool) -> None:
        """Give backends their stored attributes; with ``fresh``, those that were never stored start again."""
        if fresh:
            for backend in _backends(service):
                new = vars(type(backend)(backend.region_name, backend.account_id))
                kept = {name: vars(backend)[name] for name in _transient(backend) if name in vars(backend)}
                backend.__dict__ = {**new, **kept}
        for (account, region), attributes in stored.items():
            get_backend(service)[account][region].__dict__.update(attributes)

    def _path(self, service: str) -> Path:
        return self._folder / f"{service}.pickle"


def _pickled(content: dict[str, Any]) -> bytes:
    """Pickle state that other threads may change meanwhile: a dict that grew under the pickler is read again."""
    for _ in range(_ATTEMPTS):
        try:
            return pickled(content)
        except RuntimeError as error:
            if "changed size during iteration" not in str(error):
                raise
    return pickled(content)


def _backends(service: str) -> Iterator[Any]:
    for account in list(get_backend(service).values()):
        yield from list(account.values())


def _snapshot(service: str) -> list[tuple[str, str, dict[str, Any]]]:
    return [(backend.account_id, backend.region_name, _lasting(backend)) for backend in _backends(service)]


def _transient(backend: Any) -> frozenset[str]:
    names: frozenset[str] = getattr(backend, "transient", frozenset())
    return names


def _lasting(backend: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(backend).items() if name not in _transient(backend)}
