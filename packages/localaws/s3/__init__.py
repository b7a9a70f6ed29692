"""S3 on a directory: ``HOME/s3/<bucket>/<key>``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.s3.announcement import Notifier
from localaws.s3.app import S3Application
from localaws.s3.moto_backend import install, register_loaded
from localaws.s3.store import ObjectStore

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from localaws.home import Home
    from localaws.moto_state import MotoState


def open_store(home: Home) -> ObjectStore:
    """The store of one home; moto's other services also use it as S3."""
    store = ObjectStore(home)
    install(store)
    return store


def application(store: ObjectStore, moto: WSGIApplication, state: MotoState, notifier: Notifier) -> WSGIApplication:
    """The S3 API: objects from the store, bucket settings from moto."""
    register_loaded()
    return S3Application(store, moto, state, notifier)
