"""The base class of what writes tables into a store."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

Declared = TypeVar("Declared")
"""The declaration of a table of the store."""


class Loader(ABC, Generic[Declared]):
    """Writes tables of one store. Readers see a change as a whole or not at all.

    A store is a subclass: the lake (:class:`~estrela.etl.star_loader.StarLoader`), or a database that takes files
    (:class:`~estrela.etl.feed_loader.FeedLoader`).
    """

    @abstractmethod
    def ensure(self, table: Declared) -> None:
        """Create the table if it does not exist, and bring its definition in line. Raises LoadError."""
