"""Substitute DAGs for stars and feeds whose declarations cannot be read.

If a DAG file raises an exception, Airflow drops all DAGs of that file. Instead, the file defines a DAG that fails with
the problem.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NoReturn

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

from estrela.airflow.alert import alert
from estrela.errors import bounded
from estrela.model.feed_plan import feed_dag_id
from estrela.model.plan import dag_id


def unreadable_star(name: str, error: Exception) -> DAG:
    """Return a DAG ``star_<name>`` that fails with ``error``, so that the other stars keep their DAGs."""
    problem = f"the declarations of star {name} cannot be read: {type(error).__name__}: {bounded(error, 1000)}"
    return _unreadable(dag_id(name), name, problem)


def unreadable_feed(name: str, problem: str) -> DAG:
    """Return a DAG ``feed_<name>`` that fails with ``problem``, so that the other feeds keep their DAGs."""
    return _unreadable(feed_dag_id(name), name, feed_problem(name, problem))


def feed_problem(name: str, problem: str) -> str:
    """Return the message about a feed whose declaration cannot be read."""
    return f"the declaration of feed {name} cannot be read: {problem}"


def refusal(problem: str) -> PythonOperator:
    """Return a task that fails with ``problem`` and is not retried."""
    return PythonOperator(
        task_id="declarations",
        python_callable=refuse,
        op_kwargs={"problem": problem},
        on_failure_callback=alert,
        task_display_name="Read the declarations",
        doc_md=f"Fails, because {problem}",
    )


def refuse(problem: str) -> NoReturn:
    """Raise AirflowFailException with ``problem``, so that Airflow does not retry the task."""
    from airflow.sdk.exceptions import AirflowFailException

    raise AirflowFailException(problem)


def _unreadable(dag_id: str, name: str, problem: str) -> DAG:
    with DAG(
        dag_id=dag_id,
        description=bounded(problem, 200),
        doc_md=problem,
        schedule="@daily",
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        tags=["estrela", name],
    ) as dag:
        refusal(problem)
    return dag
