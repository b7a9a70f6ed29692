"""Dates that are incomplete after their due hour; an alarm is triggered by their number."""

from __future__ import annotations

from dataharvest.database.session import Database
from dataharvest.model.choreography import CATAPULT

OVERDUE_DATES = "OverdueDates"
"""Metric of the alarm."""
DAYS = 30
"""Days for which an incomplete date is counted; after that it is ignored."""
_OVERDUE = """
SELECT count(*) FROM (
    SELECT DISTINCT external_client, business_date FROM dataharvest.delivered_file
    WHERE business_date BETWEEN (now() AT TIME ZONE 'UTC')::date - %(days)s
        AND (now() AT TIME ZONE 'UTC') - make_interval(hours => %(hours)s)) day
WHERE NOT EXISTS (
    SELECT FROM dataharvest.business_day JOIN dataharvest.delivery USING (external_client, business_date, version)
    JOIN dataharvest.finished_step USING (delivery_id)
    WHERE (external_client, business_date, step) = (day.external_client, day.business_date, %(step)s))
OR EXISTS (
    SELECT FROM dataharvest.outbox
    WHERE (external_client, business_date) = (day.external_client, day.business_date) AND sent_at IS NULL)
"""


def overdue_dates(database: Database, due_hours: int) -> int:
    """Return the number of clients' dates with a file whose messages are not all sent ``due_hours`` after the date's
    start.

    A date starts at midnight UTC. A date without any file is not counted. Raises LoadError.
    """
    given = {"days": DAYS, "hours": due_hours, "step": CATAPULT}
    with database.transaction() as connection:
        row = connection.execute(_OVERDUE, given).fetchone()
    return int(row[0]) if row else 0
