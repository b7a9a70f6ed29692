"""Displays the progress of a DAG run until it ends."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from demo.airflow import Airflow, Task

STYLES = {"success": "green", "failed": "red", "upstream_failed": "red", "running": "yellow", "skipped": "dim"}
DONE = ("success", "failed")
DEADLINE_SECONDS = 1800.0


class RunTimeoutError(Exception):
    """The DAG run did not end in time."""


def watch(
    console: Console, airflow: Airflow, dag_id: str, run_id: str, deadline_seconds: float = DEADLINE_SECONDS
) -> str:
    """Show the tasks until the run ends; return the run's final state. Raises RunTimeoutError."""
    started = time.monotonic()
    with Live(console=console, refresh_per_second=8, transient=True) as live:
        while (state := airflow.state(dag_id, run_id)) not in DONE:
            seconds = time.monotonic() - started
            if seconds > deadline_seconds:
                raise RunTimeoutError(f"run {run_id} is {state} after {seconds:.0f} s; logs: {airflow.home}/logs")
            heading = Spinner("dots", Text(f"Airflow runs {dag_id}: {seconds:.0f} s", style="bold"))
            live.update(Group(heading, task_table(airflow.tasks(dag_id, run_id))))
            time.sleep(0.5)
    return state


def task_table(tasks: Sequence[Task]) -> Table:
    """Return a table of the tasks in the order in which they started."""
    table = Table(box=None, show_header=False, padding=(0, 2))
    for task in sorted(tasks, key=lambda task: (task.started is None, task.started or "", task.name)):
        seconds = f"{task.seconds:.1f} s" if task.seconds is not None else ""
        table.add_row(task.name, Text(task.state, style=STYLES.get(task.state, "")), seconds)
    return table
