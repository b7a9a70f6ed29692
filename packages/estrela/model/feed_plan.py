"""The steps of a feed, named as in Glue runs and DAGs."""

from __future__ import annotations

EXTRACT, TRANSFORM, LOAD, RECONCILE, ARCHIVE = FEED_PHASES = ("extract", "transform", "load", "reconcile", "archive")
"""Phases of a run of the job for a feed.

Fetch and register files, convert them without loading, load them, delete rows that the source deleted, move loaded
files to the archive.
"""


def feed_dag_id(feed: str) -> str:
    """Return the id of the feed's DAG; run keys begin with it."""
    return f"feed_{feed}"
