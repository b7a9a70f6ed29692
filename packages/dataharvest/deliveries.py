"""The current delivery of a client's date, locked for a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from dataharvest.database.session import lock_name
from dataharvest.model.delivery import Delivery, day_of
from dataharvest.model.kind import KINDS


@dataclass(frozen=True)
class CurrentDelivery:
    """A delivery with all four files, which no newer version can replace during the transaction."""

    delivery: Delivery
    delivery_id: int
    files: Mapping[str, int]
    finished: frozenset[str]
    """Steps that were done when the delivery was locked."""

    @property
    def parameters(self) -> dict[str, object]:
        """SQL parameters for transformers."""
        return {"delivery": self.delivery_id, **self.files}

    @property
    def day(self) -> tuple[object, object]:
        """External client and business date."""
        return self.delivery.external_client, day_of(self.delivery.business_date)


def lock_current(connection: Connection[Any], delivery: Delivery, step: str) -> CurrentDelivery | None:
    """Lock the delivery so that no other transaction runs ``step`` on it or opens a new version until this one ends.

    Nested loop joins are disabled: the planner has no statistics of rows that were just loaded, and would look up each
    row of one table in all rows of the other.

    Return None if a newer version replaced it, or if one of its files is missing.
    """
    query = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0)), set_config('enable_nestloop', 'off', true)"
    connection.execute(query, [lock_name(step, delivery.external_client, delivery.business_date)])
    return keep_current(connection, delivery)


def keep_current(connection: Connection[Any], delivery: Delivery) -> CurrentDelivery | None:
    """Lock the delivery so that no other transaction opens a new version until this one ends; others may run its steps.

    Return None if a newer version replaced it, or if one of its files is missing.
    """
    day = (delivery.external_client, day_of(delivery.business_date))
    files = [f"{kind.noun}_file" for kind in KINDS]
    query = f"""
        SELECT d.delivery_id, {", ".join(files)}, ARRAY(
            SELECT step FROM dataharvest.finished_step f WHERE f.delivery_id = d.delivery_id)
        FROM dataharvest.business_day b
        JOIN dataharvest.delivery d USING (external_client, business_date, version)
        WHERE (b.external_client, b.business_date, b.version) = (%s, %s, %s) FOR SHARE OF b
    """  # noqa: S608 - names of declared kinds
    row = connection.execute(query, (*day, delivery.version)).fetchone()
    if row is None or None in row:
        return None
    return CurrentDelivery(delivery, row[0], dict(zip(files, row[1:-1], strict=True)), frozenset(row[-1]))


def is_finished(connection: Connection[Any], current: CurrentDelivery, step: str) -> bool:
    """Return whether a step of the delivery is already done."""
    query = "SELECT FROM dataharvest.finished_step WHERE (delivery_id, step) = (%s, %s)"
    return connection.execute(query, (current.delivery_id, step)).fetchone() is not None


def finish(connection: Connection[Any], current: CurrentDelivery, step: str) -> None:
    """Record that a step is done, with the duration of its transaction so far."""
    query = """
        INSERT INTO dataharvest.finished_step (delivery_id, step, seconds)
        VALUES (%s, %s, extract(epoch FROM clock_timestamp() - transaction_timestamp()))
    """
    connection.execute(query, (current.delivery_id, step))


def count_portfolios(connection: Connection[Any], delivery: Delivery) -> int:
    """Return the number of portfolios of a delivery; 0 if their file is missing."""
    query = """
        SELECT f.rows_loaded FROM dataharvest.delivery d
        JOIN dataharvest.delivered_file f ON f.file_id = d.portfolio_file
        WHERE (d.external_client, d.business_date, d.version) = (%s, %s, %s)
    """
    given = (delivery.external_client, day_of(delivery.business_date), delivery.version)
    row = connection.execute(query, given).fetchone()
    return int(row[0]) if row else 0
