"""moto's state, kept over a restart: one pickle a service, written before a changing request is answered."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

import cloudpickle
import moto
from moto.backends import get_backend

from localaws.errors import HomeStateError
from localaws.home import replace_file

SERVICES = ("athena", "glue", "iam", "s3", "secretsmanager", "ses", "sns", "ssm")


class MotoState:
    """Saves and loads the backends of :data:`SERVICES` under one folder.

    A backend class may name attributes in ``transient`` (locks, pools, links to other rooms):
    they are not stored. A backend's ``lock``, where it has one, is held while it is pickled.
    A pickle is read only by the moto version that wrote it, because its classes are moto's own;
    another version raises HomeStateError and leaves the file alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locks = {service: threading.Lock() for service in SERVICES}

    def load(self) -> None:
        for service in SERVICES:
            path = self._path(service)
            if path.exists():
                self._load(service, path)

    def save(self, service: str) -> None:
        """Store one service's backends; a service outside :data:`SERVICES` has nothing to store."""
        if service not in self._locks:
            return
        with self._locks[service]:
            with ExitStack() as held:
                for backend in _backends(service):
                    held.enter_context(getattr(backend, "lock", nullcontext()))
                backends = [(b.account_id, b.region_name, _lasting(b)) for b in _backends(service)]
                pickled = cloudpickle.dumps({"moto": moto.__version__, "backends": backends})
            replace_file(self._path(service), pickled)

    def _load(self, service: str, path: Path) -> None:
        try:
            stored = pickle.loads(path.read_bytes())
        except (pickle.UnpicklingError, EOFError, AttributeError, ImportError) as error:
            raise HomeStateError(path, repr(error)) from error
        if stored["moto"] != moto.__version__:
            raise HomeStateError(path, f"written with moto {stored['moto']}, this is moto {moto.__version__}")
        for account, region, attributes in stored["backends"]:
            get_backend(service)[account][region].__dict__.update(attributes)

    def _path(self, service: str) -> Path:
        return self._folder / f"{service}.pickle"


def _backends(service: str) -> Iterator[Any]:
    for account in list(get_backend(service).values()):
        yield from list(account.values())


def _lasting(backend: Any) -> dict[str, Any]:
    transient: frozenset[str] = getattr(backend, "transient", frozenset())
    return {name: value for name, value in vars(backend).items() if name not in transient}
