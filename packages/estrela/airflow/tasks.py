"""Common parts of the tasks of all DAGs: a name and a text for people, and errors that end their retries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from airflow.providers.standard.operators.python import PythonOperator

Result = TypeVar("Result")
FIGURES = (
    "\n\nThe task's XCom has the figures of the step: rows in, loaded and rejected, files, tables. Its log says them in"
    " a sentence, and has a command that prints the log of the Glue run."
)
"""Text about every task that attends to a Glue run."""


@dataclass(frozen=True)
class TaskText:
    """Name of a task in Airflow's pages, and a description of its work, in Markdown."""

    name: str
    doc: str

    @property
    def options(self) -> dict[str, Any]:
        """The arguments of an operator."""
        return {"task_display_name": self.name, "doc_md": self.doc}

    def of_glue(self) -> TaskText:
        """Return the text of a task that attends to a Glue run."""
        return TaskText(self.name, self.doc + FIGURES)


def python_task(
    task_id: str, text: TaskText, do: Callable[..., object], given: Mapping[str, Any], **options: Any
) -> PythonOperator:
    """Return a task that calls ``do`` with ``given``, rendered."""
    return PythonOperator(task_id=task_id, python_callable=do, op_kwargs=dict(given), **text.options, **options)


def ending_for_good(task: Callable[..., Result]) -> Callable[..., Result]:
    """Turn an EstrelaError that a retry cannot help into one that ends the task's retries."""

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
