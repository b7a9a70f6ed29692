"""The Glue backend that moto serves: moto's own, with jobs that really run."""

from __future__ import annotations

from types import ModuleType

from moto.glue.models import glue_backends

from localaws.glue import urls
from localaws.glue.catalog_backend import CatalogOperations
from localaws.glue.connections import ConnectionOperations
from localaws.glue.jobs import JobOperations


class LocalGlueBackend(JobOperations, ConnectionOperations, CatalogOperations):
    """moto's Glue backend with localaws' operations in place of some of moto's."""

    @property
    def _url_module(self) -> ModuleType:
        return urls


def install() -> None:
    """Make moto build this backend; call it before the first request of the process."""
    glue_backends.backend = LocalGlueBackend
