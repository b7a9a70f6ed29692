"""A heartbeat that extends the leases of claims while their files are loaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread

from estrela.errors import LoadError
from estrela.ledger.claims import Claim, Claims


@contextmanager
def heartbeat(claims: Claims, held: Sequence[Claim]) -> Iterator[None]:
    """Extend the leases of ``held`` three times per lease period, until the block ends.

    A failed extension needs no alarm, because the commit of the load checks the lease.
    """
    ended = Event()

    def beat() -> None:
        while not ended.wait(claims.lease / 3):
            try:
                if not claims.heartbeat(held):
                    return
            except LoadError:
                continue

    thread = Thread(target=beat, name=f"heartbeat of file {held[0].file}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
