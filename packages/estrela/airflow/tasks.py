"""Common parts of the tasks of all DAGs: display texts, and errors that prevent retries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from airflow.providers.standard.operators.python import PythonOperator

Result = TypeVar("Result")
FIGURES = (
    "\n\nThe task's XCom has the figures of the step: rows in, loaded and rejected, files, tables. Its log has the same"
    " figures, and a command that prints the log of the Glue run."
)
"""Text appended to the description of every task that runs a Glue job."""


@dataclass(frozen=True)
class TaskText:
    """Display name of a task on Airflow's pages, and a description of its work in Markdown."""

    name: str
    doc: str

    @property
    def options(self) -> dict[str, Any]:
        """The display texts as arguments of an operator."""
        return {"task_display_name": self.name, "doc_md": self.doc}

    def of_glue(self) -> TaskText:
        """Return this text with :data:`FIGURES` appended, for a task that runs a Glue job."""
        return TaskText(self.name, self.doc + FIGURES)


def python_task(
    task_id: str, text: TaskText, do: Callable[..., object], given: Mapping[str, Any], **options: Any
) -> PythonOperator:
    """Return a task that calls ``do`` with the rendered values of ``given``."""
    return PythonOperator(task_id=task_id, python_callable=do, op_kwargs=dict(given), **text.options, **options)


def no_retry_if_permanent(task: Callable[..., Result]) -> Callable[..., Result]:
    """Wrap ``task`` so that an EstrelaError that is not retriable also prevents Airflow's retries."""

    @wraps(task)
    def tried(*args: Any, **kwargs: Any) -> Result:
        from airflow.sdk.exceptions import AirflowFailException

        from estrela.errors import EstrelaError

        try:
            return task(*args, **kwargs)
        except EstrelaError as error:
            if error.retriable:
                raise
            raise AirflowFailException(str(error)) from error

    return tried
