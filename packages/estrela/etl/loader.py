"""The base class of loaders, which write tables into a store."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

Declared = TypeVar("Declared")
"""The type that declares a table of the store."""


class Loader(ABC, Generic[Declared]):
    """Writes tables of one store. Readers see a change as a whole or not at all.

    There is a subclass per store: the lake (:class:`~estrela.etl.star_loader.StarLoader`), and databases into which
    files are loaded (:class:`~estrela.etl.feed_loader.FeedLoader`).
    """

    @abstractmethod
    def ensure(self, table: Declared) -> None:
        """Create the table, or update it to match its declaration. Raises LoadError."""
