"""The daily Airflow DAG of the warehouse: `warehouse`."""

from __future__ import annotations

from estrela.airflow.warehouse_dag import warehouse_dag

warehouse = warehouse_dag()
