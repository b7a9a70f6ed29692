"""The hourly Airflow DAG `freshness`, which alerts people when data is too old."""

from __future__ import annotations

from estrela.airflow.freshness_dag import freshness_dag

freshness = freshness_dag()
