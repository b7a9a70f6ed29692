"""The hourly Airflow DAG that alerts people of data that is too old: `freshness`."""

from __future__ import annotations

from estrela.airflow.freshness_dag import freshness_dag

freshness = freshness_dag()
