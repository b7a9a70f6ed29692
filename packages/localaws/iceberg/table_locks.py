"""One lock per table."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


class TableLocks:
    """Reentrant locks by database and table name; case is ignored."""

    def __init__(self) -> None:
        self._locks: defaultdict[tuple[str, str], threading.RLock] = defaultdict(threading.RLock)

    @contextmanager
    def held(self, *names: tuple[str, str]) -> Iterator[None]:
        """Hold the locks of several tables, which every thread acquires in the same order."""
        with ExitStack() as held:
            for database, name in sorted({(d.lower(), n.lower()) for d, n in names}):
                held.enter_context(self._locks[(database, name)])
            yield
