"""The steps of a feed, by which Glue runs and DAGs name them."""

from __future__ import annotations

EXTRACT, LOAD, ARCHIVE = FEED_PHASES = ("extract", "load", "archive")
"""What a run of the job can do for a feed: take in and register files, load them, move loaded ones to the archive."""


def feed_dag_id(feed: str) -> str:
    """Return the id of the feed's DAG; run keys begin with it."""
    return f"feed_{feed}"
