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
# Calls of these services, by signing name, change the state of others: stacks create resources, tags are on resources.
_SPANNING = frozenset({"cloudformation", "tagging"})
_ATTEMPTS = 5


class StateNotSavedError(Exception):
    """A change was undone because the resulting state cannot be stored.

    ``retryable``: another change at the same time was the cause, and this one was undone together with it.
    """

    def __init__(self, service: str, reason: str, *, retryable: bool = False) -> None:
        self.retryable = retryable
        super().__init__(f"The call was undone: the state of {service} could not be stored ({reason[:300]})")


class MotoState:
    """Saves and loads the backends of :data:`SERVICES` in one folder.

    A backend class may name attributes in ``transient`` (locks, pools, references to other parts), which are not
    stored. If a backend has a ``lock``, it is held while the backend is pickled. A file can only be read by the moto
    version that wrote it, because it contains moto's own classes; another version raises HomeStateError and does not
    change it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locks = {service: threading.RLock() for service in SERVICES}
        # How often a service's state was restored. A change that began before a restore is undone with it.
        self._restored = dict.fromkeys(SERVICES, 0)
        self._events = LogEvents(folder / "log_events")
        # Functions that complete a service's state after it was loaded or restored.
        self._completions: dict[str, Callable[[], None]] = {"logs": self._load_events}

    def load(self) -> None:
        """Load every stored service. Raises HomeStateError."""
        for service in SERVICES:
            self._replace(service, self._stored(service), fresh=False)
            if self._path(service).exists():
                self._complete(service)

    def complete_with(self, service: str, completion: Callable[[], None]) -> None:
        """Call ``completion`` each time after a service's state was loaded or restored."""
        self._completions[service] = completion

    @contextmanager
    def changing(self, service: str) -> Iterator[None]:
        """Run a block that changes a service, then store the result, if it is one of :data:`SERVICES`.

        If the state cannot be stored, it is restored to the state stored last, and StateNotSavedError is raised, or
        OSError if the disk is full.
        """
        services = SERVICES if service in _SPANNING else tuple({service} & set(SERVICES))
        begun = {name: self._restored[name] for name in services}
        yield
        for name in services:
            self._save(name, begun[name])

    def keep(self, service: str) -> None:
        """Store the present state of a service that changed without a request. If that fails, memory keeps the change.

        Raises StateNotSavedError, or OSError if the disk is full.
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
                self._restore(service)
                raise

    def _store(self, service: str) -> None:
        try:
            self._write(service)
        except OSError:
            raise
        except Exception as error:
            raise StateNotSavedError(service, f"{type(error).__name__}: {error}") from error

    def _restore(self, service: str) -> None:
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
        """Return the attributes that were stored last, by account and region."""
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
        """Set the stored attributes of backends; with ``fresh``, reset all other attributes and backends first."""
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
    """Pickle state that other threads may change meanwhile; start again if a dict changed its size during pickling."""
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
    return [(backend.account_id, backend.region_name, _stored_attributes(backend)) for backend in _backends(service)]


def _transient(backend: Any) -> frozenset[str]:
    names: frozenset[str] = getattr(backend, "transient", frozenset())
    return names


def _stored_attributes(backend: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(backend).items() if name not in _transient(backend)}
