"""Spark's JVM keeps its start settings, so a session with other settings needs a new JVM."""

from __future__ import annotations

from pyspark import SparkContext
from pyspark.sql import SparkSession

STOP_SECONDS = 30


def end_jvm() -> None:
    """Stop the session of this process and its JVM, if one runs."""
    session, gateway = SparkSession._instantiatedSession, SparkContext._gateway
    if session is not None:
        session.stop()
    if gateway is not None:
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait(STOP_SECONDS)
        SparkContext._gateway = SparkContext._jvm = None
