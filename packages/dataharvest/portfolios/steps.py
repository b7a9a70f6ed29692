"""Calculates values of some portfolios of a large delivery, each portfolio once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from dataharvest.database.session import Database
from dataharvest.deliveries import CurrentDelivery, finish, is_finished, keep_current
from dataharvest.metastore import Metastore
from dataharvest.model.choreography import ANNOUNCER, Choreography
from dataharvest.model.delivery import Delivery
from dataharvest.model.transformer import Transformer
from dataharvest.portfolios.waves import WAVE, Steps, add_done, lock_steps
from dataharvest.progress import Done, Progress
from dataharvest.stage_queues import StageQueues
from dataharvest.steps import finish_step, store
from estrela.errors import CheckFailure, QualityError


@dataclass(frozen=True)
class PortfolioSteps:
    """Runs transformers on batches of portfolios. The last batch sets the flag; the last of a wave requests the next
    wave.
    """

    database: Database
    metastore: Metastore
    progress: Progress
    queues: StageQueues
    choreography: Choreography
    wave: int = WAVE

    def run(self, name: str, delivery: Delivery, references: Iterable[str]) -> bool:
        """Store the values of those portfolios that the transformer ``name`` has not done yet.

        Return False if a newer version replaced the delivery. Raises QualityError, with nothing stored, or LoadError.
        """
        transformer = self.choreography.transformer(name)
        with self.database.transaction() as connection:
            current = keep_current(connection, delivery)
            if current is None:
                return False
            steps = _run(connection, current, transformer, sorted(set(references)))
        done = Done(name, steps.done.get(name, 0), steps.total)
        self.progress.note(delivery.external_client, delivery.business_date, f"version {delivery.version}", done)
        if done.done == done.total > 0:
            self.metastore.set_flags(delivery, (transformer.flag,))
        if steps.ends_wave(self.wave):
            self.queues.ask(ANNOUNCER, delivery.to_json(), delivery.external_client)
        return True


def _run(
    connection: Connection[Any], current: CurrentDelivery, transformer: Transformer, references: list[str]
) -> Steps:
    """Store the values, and return the new progress of all steps."""
    new = _enter(connection, current, transformer.name, references)
    if new:
        _store(connection, current, transformer, new)
    lock_steps(connection, current)
    add_done(connection, current, transformer.name, len(new))
    steps = lock_steps(connection, current)
    is_last = bool(steps.total) and steps.done.get(transformer.name) == steps.total
    if is_last and not is_finished(connection, current, transformer.name):
        finish_step(connection, current, transformer)
        finish(connection, current, transformer.name)
    return steps


def _enter(connection: Connection[Any], current: CurrentDelivery, step: str, references: list[str]) -> list[str]:
    """Record the portfolios that are not done, and return them; wait if another transaction is recording one."""
    query = """
        INSERT INTO dataharvest.portfolio_done (delivery_id, step, portfolio_reference)
        SELECT %(delivery)s, %(step)s, portfolio_reference FROM dataharvest.portfolio_row
        WHERE file_id = %(portfolio_file)s AND portfolio_reference = ANY(%(portfolios)s) ORDER BY portfolio_reference
        ON CONFLICT DO NOTHING RETURNING portfolio_reference
    """
    given = {**current.parameters, "step": step, "portfolios": references}
    return [reference for (reference,) in connection.execute(query, given).fetchall()]


def _store(
    connection: Connection[Any], current: CurrentDelivery, transformer: Transformer, references: list[str]
) -> None:
    query = """
        SELECT DISTINCT account_number FROM dataharvest.portfolio_row
        WHERE file_id = %(portfolio_file)s AND portfolio_reference = ANY(%(portfolios)s)
    """
    given: dict[str, object] = {"portfolios": references}
    rows = connection.execute(query, {**current.parameters, **given}).fetchall()
    given["accounts"] = [account for (account,) in rows]
    for value in transformer.values:
        stored = store(connection, current, value, value.sql_of_portfolios, given)
        if stored != len(references):
            name = f"{len(references)} portfolios have one value each"
            raise QualityError(f"{current.delivery}, {transformer.name}", [CheckFailure(name, value.field, stored, ())])
