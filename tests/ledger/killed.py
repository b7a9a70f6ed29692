"""Runs a load in a child process that kills itself between two steps."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Lock
from typing import Any

from ledger_warehouse import Warehouse

from estrela.errors import EstrelaError
from estrela.etl.loaders import manifests, postgres, postgres_batch, redshift
from estrela.etl.loaders.archive import Archive
from estrela.etl.loaders.copy_folder import CopyFolder
from estrela.etl.loaders.postgres_table import PostgresTable
from estrela.hooks.database import DatabaseManager
from estrela.hooks.landed_files import LandedFiles
from estrela.hooks.redshift import RedshiftData
from estrela.ledger.claims import Claims

Steps = tuple[tuple[Any, str], ...]
STEPS: Steps = (
    (Claims, "sweep"),
    (Claims, "claim_manifest"),
    (manifests.Manifests, "read"),
    (manifests, "settle"),
    (Claims, "claim_some"),
    (postgres, "begin_load"),
    (PostgresTable, "ensure_columns"),
    (PostgresTable, "index"),
    (PostgresTable, "begin"),
    (postgres, "copy_rows"),
    (PostgresTable, "merge"),
    (postgres.RejectSpool, "copy"),
    (postgres, "end_load"),
    (postgres, "settle"),
    (postgres.PostgresLoader, "load"),
    (postgres_batch.PostgresBatch, "_read"),
    (postgres_batch, "_write"),
    (postgres_batch, "settle_done"),
    (postgres_batch.PostgresBatch, "load"),
    (Archive, "archive"),
    (Archive, "_note"),
    (LandedFiles, "_is_copied"),
    (LandedFiles, "_delete"),
    (LandedFiles, "move"),
    (RedshiftData, "query"),
    (RedshiftData, "transact"),
    (CopyFolder, "put"),
    (CopyFolder, "clear"),
    (redshift.RedshiftLoader, "_record_load"),
    (redshift, "supersede"),
    (redshift, "settle"),
    (redshift.RedshiftLoader, "load"),
)
"""Calls of a load: the process may be killed before and after each."""


class Countdown:
    """Kills the process after a number of step beginnings and ends."""

    def __init__(self, steps: int) -> None:
        self.left, self.lock = steps, Lock()

    def tick(self) -> None:
        with self.lock:  # files are archived by several threads
            self.left -= 1
            is_over = self.left == 0
        if is_over:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            self.tick()
            outcome = step(*args, **kwargs)
            self.tick()
            return outcome

        return counted


@contextmanager
def counted(countdown: Countdown, steps: Steps) -> Iterator[None]:
    """Run a block in which the beginnings and ends of ``steps`` count."""
    kept = [(owner, name, getattr(owner, name)) for owner, name in steps]
    for owner, name, step in kept:
        setattr(owner, name, countdown.around(step))
    try:
        yield
    finally:
        for owner, name, step in kept:
            setattr(owner, name, step)


def load_and_die(
    warehouse: Warehouse, steps: int, client: Callable[[str], Any], feed: str = "sales", of: Steps = STEPS
) -> bool:
    """Load in a child process that is killed after a number of steps ``of`` these; return whether it was killed."""
    child = os.fork()
    if child == 0:
        # The child must not use the connections of its parent, so it opens its own.
        url = warehouse.database.engine.url
        own = replace(warehouse, s3=client("s3"), database=DatabaseManager.from_url(url))
        if own.redshift:
            own.redshift = replace(own.redshift, client=client("redshift-data"))
        with counted(Countdown(steps), of):
            try:
                own.step("doomed", feed).run()
                own.archive(feed).run()
            except EstrelaError:
                pass
            finally:
                os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def expire(warehouse: Warehouse) -> None:
    """Let the leases of killed processes expire."""
    warehouse.database.query("UPDATE ledger.files SET lease_until = clock_timestamp() - interval '1 s' "
                         "WHERE lease_until IS NOT NULL")  # fmt: skip
