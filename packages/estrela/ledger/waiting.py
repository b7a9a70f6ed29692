"""Waiting times of files, and times since the last arrival of feeds."""

from __future__ import annotations

from estrela.hooks.database import DatabaseManager

OLDEST_NEW_AGE, HOURS_SINCE_ARRIVAL = "OldestNewAge", "HoursSinceArrival"
"""Metrics that trigger alarms."""
OLDEST_NEW = """
SELECT extract(epoch FROM now() - min(arrived_at))::float AS seconds FROM ledger.files WHERE state = 'New'
"""
LAST_ARRIVALS = """
SELECT feed, extract(epoch FROM now() - max(arrived_at))::float / 3600 AS hours
FROM ledger.files WHERE feed IS NOT NULL GROUP BY feed ORDER BY feed
"""


def oldest_new_seconds(database: DatabaseManager) -> float:
    """Return the age in seconds of the oldest file that waits to be loaded; 0 if none waits. Raises LoadError."""
    (row,) = database.query(OLDEST_NEW)
    return max(float(row["seconds"] or 0), 0.0)


def hours_since_arrival(database: DatabaseManager) -> dict[str, float]:
    """Return the hours since the last arrival for each feed that has received a file. Raises LoadError."""
    return {str(row["feed"]): max(float(row["hours"]), 0.0) for row in database.query(LAST_ARRIVALS)}
