"""What stands in for the DAG of a star that cannot be read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NoReturn

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

from estrela.airflow.alert import alert
from estrela.errors import bounded
from estrela.model.plan import dag_id


def unreadable_star(name: str, error: Exception) -> DAG:
    """Return a DAG ``star_<name>`` that fails with ``error``, so that the other stars' DAGs are there.

    Airflow drops every DAG of a file that raises an exception.
    """
    problem = f"the declarations of star {name} cannot be read: {type(error).__name__}: {bounded(error, 1000)}"
    with DAG(
        dag_id=dag_id(name),
        description=bounded(problem, 200),
        doc_md=problem,
        schedule="@daily",
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        tags=["estrela", name],
    ) as dag:
        PythonOperator(
            task_id="declarations",
            python_callable=refuse,
            op_kwargs={"problem": problem},
            on_failure_callback=alert,
        )
    return dag


def refuse(problem: str) -> NoReturn:
    """Fail for good with ``problem``."""
    from airflow.sdk.exceptions import AirflowFailException

    raise AirflowFailException(problem)
