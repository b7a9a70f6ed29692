"""One run over a Metabase: it collects the changes, and writes them unless it is a plan."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from metabase.provision.change import Action, Change, Difference, differences
from metabase.provision.client import Client
from metabase.provision.errors import NotStoredError

Canonical = Mapping[str, Any]


@dataclass
class Run:
    """A plan (``writes`` is False) or an apply over one Metabase, with its changes and notes so far.

    ``on_change`` is called with each change when it is detected, so that the changes are known after a later failure.
    """

    client: Client
    writes: bool
    on_change: Callable[[Change], None] = lambda change: None
    sleep: Callable[[float], None] = time.sleep
    changes: list[Change] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _placeholders: count[int] = field(default_factory=lambda: count(-1, -1))

    def placeholder(self) -> int:
        """Return an id for an object that a plan only announces; it is negative, so that no object has it."""
        return next(self._placeholders)

    def changed(
        self, action: Action, kind: str, name: str, stored: Canonical | None = None, wanted: Canonical | None = None
    ) -> bool:
        """Record a change; return True if it must be written."""
        listed = differences(stored, wanted) if stored is not None and wanted is not None else ()
        change = Change(action, kind, name, self._masked(listed))
        self.changes.append(change)
        self.on_change(change)
        return self.writes

    def stored(self, kind: str, name: str, actual: Canonical, wanted: Canonical) -> None:
        """Raise NotStoredError unless ``actual``, which was read again, equals ``wanted``."""
        left = self._masked(differences(actual, wanted))
        if left:
            problem = "Metabase accepted the change but returns something else: " + "; ".join(
                str(difference) for difference in left[:5]
            )
            raise NotStoredError(f"{kind} {name!r}", problem)

    def _masked(self, listed: tuple[Difference, ...]) -> tuple[Difference, ...]:
        def masked(value: Any) -> Any:
            return self.client.masked(value) if isinstance(value, str) else value

        return tuple(
            Difference(difference.path, masked(difference.stored), masked(difference.wanted)) for difference in listed
        )
