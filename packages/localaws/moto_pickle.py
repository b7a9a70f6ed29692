"""Pickles of moto's state: everything a backend refers to, without the parts that exist only in a process."""

from __future__ import annotations

import _thread
import io
import pickle
from collections import defaultdict
from typing import Any

import cloudpickle
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from moto.backends import get_backend
from moto.core.base_backend import AccountSpecificBackend, BackendDict, BaseBackend
from moto.logs.models import LogStream

# Exceptions raised for a file that this version cannot read.
UNREADABLE = (pickle.UnpicklingError, EOFError, AttributeError, ImportError, TypeError)
_QUEUES = "moto.sqs.models"
_TABLES = "moto.dynamodb.models.table"
_PRIVATE_KEYS = (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey)


def pickled(content: Any) -> bytes:
    """Pickle state: other backends are stored by name, locks are created anew, private keys are stored as DER."""
    file = io.BytesIO()
    _Pickler(file).dump(content)
    return file.getvalue()


def unpickled(data: bytes) -> Any:
    """Unpickle the bytes of :func:`pickled`. Raises one of :data:`UNREADABLE`."""
    return _Unpickler(io.BytesIO(data)).load()


class _Pickler(cloudpickle.Pickler):
    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self._services = {
            id(backend): (instances.service_name, account, region)
            for instances in list(BackendDict._instances)
            for account, region, backend in list(instances.iter_backends())
        }

    def persistent_id(self, item: Any) -> tuple[str, ...] | None:
        """Return the name of a backend. Entities refer to their backend, and must refer to the same one when loaded."""
        if isinstance(item, BaseBackend):
            return self._services.get(id(item))
        if isinstance(item, AccountSpecificBackend):
            return (item.service_name, item.account_id)
        return (item.service_name,) if isinstance(item, BackendDict) else None

    def reducer_override(self, item: Any) -> Any:
        """Reduce objects that pickle cannot, and log streams, tables and queues, whose contents are stored apart."""
        if isinstance(item, _thread.LockType):
            return _thread.allocate_lock, ()
        if isinstance(item, _thread.RLock):
            return _thread.RLock, ()
        if isinstance(item, _PRIVATE_KEYS):
            return _private_key, (_der(item),)
        if isinstance(item, defaultdict) and type(item) is not defaultdict:
            return _default_dict, (type(item), item.default_factory), vars(item), None, iter(item.items())
        if isinstance(item, LogStream):
            return _bare, (LogStream,), {**vars(item), "events": []}
        if type(item).__module__ == _QUEUES and "_pending_messages" in vars(item):
            empty: dict[str, Any] = {"_messages": [], "_pending_messages": set(), "deleted_messages": set()}
            return _bare, (type(item),), {**vars(item), **empty}
        if type(item).__module__ == _TABLES and _is_live_table(item):
            return _bare, (type(item),), {**vars(item), "items": defaultdict(dict)}
        return super().reducer_override(item)


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, name: tuple[str, ...]) -> Any:
        """Return the backend, or the collection of backends, that has this name in this process."""
        backend: Any = get_backend(name[0])
        for key in name[1:]:
            backend = backend[key]
        return backend


def _is_live_table(item: Any) -> bool:
    """Return whether an item is a table of DynamoDB, as opposed to a copy of a table in a backup."""
    if not hasattr(item, "table_arn"):
        return False
    backend = get_backend("dynamodb")[item.account_id][item.region_name]
    return backend.tables.get(item.name) is item


def _bare(kind: Any) -> Any:
    return kind.__new__(kind)


def _default_dict(kind: type[defaultdict[Any, Any]], factory: Any) -> defaultdict[Any, Any]:
    """Create an instance without its constructor, whose parameters may differ from those that pickle passes."""
    instance: defaultdict[Any, Any] = _bare(kind)
    defaultdict.__init__(instance, factory)
    return instance


def _der(key: Any) -> bytes:
    encoding, form = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8
    der: bytes = key.private_bytes(encoding, form, serialization.NoEncryption())
    return der


def _private_key(der: bytes) -> Any:
    return serialization.load_der_private_key(der, password=None)
