"""Storage of the catalog of one account and region, and changes to it."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from moto.glue.models import glue_backends

from localaws.moto_state import MotoState
from localaws.settings import Settings

if TYPE_CHECKING:
    from localaws.glue.catalog_backend import CatalogOperations

Result = TypeVar("Result")


@dataclass(frozen=True)
class CatalogPlace:
    """The catalog that the Glue API shows; every change is stored before the call returns, or undone."""

    settings: Settings
    state: MotoState

    @property
    def backend(self) -> CatalogOperations:
        backend: CatalogOperations = glue_backends[self.settings.account][self.settings.region]
        return backend

    def change(self, change: Callable[[CatalogOperations], Result]) -> Result:
        """Apply a change and store it.

        Raises StateNotSavedError for a change that cannot be stored, or OSError if the disk is full.
        """
        with self.state.changing("glue"):
            return change(self.backend)


def shown(entity: Any) -> dict[str, Any]:
    """A copy of an entity, as boto3 shows it."""
    return deepcopy({key: value for key, value in entity.as_dict().items() if value is not None})
