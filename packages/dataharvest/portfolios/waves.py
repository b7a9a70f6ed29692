"""Progress of a large delivery: its portfolios are announced in waves, each after the previous one is done.

A wave limits the events of one delivery in the streams, so that other clients need not wait for all of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from dataharvest.deliveries import CurrentDelivery

WAVE = 1000
"""Portfolios per wave."""


@dataclass(frozen=True)
class Steps:
    """The number of portfolios that each step has done, out of ``total``."""

    done: dict[str, int]
    total: int

    @property
    def least(self) -> int:
        """Number of portfolios that the slowest step has done."""
        return min(self.done.values(), default=0)

    def ends_wave(self, wave: int) -> bool:
        """Return whether all steps have finished the same whole waves, and portfolios are left."""
        return self.least % wave == 0 and set(self.done.values()) == {self.least} and self.least < self.total


def open_steps(connection: Connection[Any], current: CurrentDelivery, names: Iterable[str]) -> None:
    """Add the steps of a delivery, unless they already exist."""
    query = """
        INSERT INTO dataharvest.portfolio_progress (delivery_id, step, total)
        SELECT %(delivery)s, step, (SELECT count(*) FROM dataharvest.portfolio_row WHERE file_id = %(portfolio_file)s)
        FROM unnest(%(steps)s::text[]) AS s (step) ON CONFLICT DO NOTHING
    """
    connection.execute(query, {**current.parameters, "steps": list(names)})


def lock_steps(connection: Connection[Any], current: CurrentDelivery) -> Steps:
    """Lock and return the progress of all steps; until the transaction ends, only the caller can change it.

    If two steps end a wave at once, the later waits here, and then sees the earlier.
    """
    query = """
        SELECT step, done, total FROM dataharvest.portfolio_progress WHERE delivery_id = %(delivery)s
        ORDER BY step FOR UPDATE
    """
    rows = connection.execute(query, current.parameters).fetchall()
    return Steps({step: done for step, done, _ in rows}, max((total for *_, total in rows), default=0))


def add_done(connection: Connection[Any], current: CurrentDelivery, step: str, count: int) -> None:
    """Add ``count`` to the number of portfolios that a step has done."""
    query = """
        UPDATE dataharvest.portfolio_progress SET done = done + %(count)s
        WHERE delivery_id = %(delivery)s AND step = %(step)s
    """
    connection.execute(query, {**current.parameters, "step": step, "count": count})


def unfinished_portfolios(connection: Connection[Any], current: CurrentDelivery, steps: Steps, wave: int) -> list[str]:
    """Return the portfolios of the current wave that at least one step has not done, in order."""
    query = """
        SELECT portfolio_reference FROM (
            SELECT portfolio_reference FROM dataharvest.portfolio_row WHERE file_id = %(portfolio_file)s
            ORDER BY portfolio_reference OFFSET %(first)s LIMIT %(wave)s) p
        WHERE (SELECT count(*) FROM dataharvest.portfolio_done d WHERE d.delivery_id = %(delivery)s
            AND d.step = ANY(%(steps)s) AND d.portfolio_reference = p.portfolio_reference) < cardinality(%(steps)s)
        ORDER BY portfolio_reference
    """
    first = steps.least // wave * wave
    given = {**current.parameters, "first": first, "wave": wave, "steps": list(steps.done)}
    return [reference for (reference,) in connection.execute(query, given).fetchall()]
