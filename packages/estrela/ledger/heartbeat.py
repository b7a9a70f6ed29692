"""Extends the lease of a claim while its file is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from estrela.errors import LoadError
from estrela.ledger.claims import Claim, Claims


@contextmanager
def heartbeat(claims: Claims, claim: Claim) -> Iterator[None]:
    """Extend the lease three times in its length, until the block ends.

    A missed extension needs no alarm: the commit of the load checks the lease.
    """
    ended = Event()

    def beat() -> None:
        while not ended.wait(claims.lease / 3):
            try:
                if not claims.heartbeat(claim):
                    return
            except LoadError:
                continue

    thread = Thread(target=beat, name=f"heartbeat of file {claim.file}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
