"""Figures of a run: steps with their Glue time, rows of each source, checks. All are read through AWS APIs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from demo.airflow import Task
from estrela.hooks.glue_runs import recent_runs, run_key_of

DOLLARS_A_DPU_HOUR = {"STANDARD": 0.44, "FLEX": 0.29}
"""Price by execution class in us-east-1 (AWS Glue pricing)."""
BILLED_SECONDS = 60
"""Minimum that Glue bills per run (AWS Glue pricing)."""


@dataclass(frozen=True)
class Step:
    """One step: ``seconds`` in Airflow, ``glue_seconds`` of its Glue run and its ``dpus``."""

    name: str
    state: str
    seconds: float
    glue_seconds: int
    dpus: float
    execution_class: str = "STANDARD"

    @property
    def dpu_seconds(self) -> float:
        return self.glue_seconds * self.dpus

    @property
    def dollars(self) -> float:
        """Return the cost in USD of a run of this length on AWS, with the billed minimum."""
        billed = max(self.glue_seconds, BILLED_SECONDS) if self.dpus else 0
        return billed * self.dpus * DOLLARS_A_DPU_HOUR[self.execution_class] / 3600


def steps_of(glue: Any, job: str, run_id: str, tasks: Sequence[Task]) -> list[Step]:
    """Return the tasks of one DAG run with the figures of their Glue runs, in the order of their start."""
    runs: dict[str, list[Any]] = {}
    for run in recent_runs(glue, job):
        runs.setdefault(run_key_of(run), []).append(run)
    return [
        _step(
            task, [run for key, attempts in runs.items() if key.endswith(f"{run_id}/{task.name}") for run in attempts]
        )
        for task in sorted(tasks, key=lambda task: (task.started is None, task.started or ""))
    ]


def _step(task: Task, runs: Sequence[Any]) -> Step:
    if not runs:
        return Step(task.name, task.state, task.seconds or 0.0, 0, 0.0)
    seconds = sum(run["ExecutionTime"] for run in runs)
    return Step(task.name, task.state, task.seconds or 0.0, seconds, runs[0]["MaxCapacity"], runs[0]["ExecutionClass"])


def show_steps(console: Console, steps: Sequence[Step]) -> None:
    """Print the steps with their times, and the amount that AWS would bill for them."""
    table = Table(title="Steps", title_justify="left", title_style="bold")
    table.add_column("step")
    table.add_column("state")
    for name in ("wall, s", "Glue, s", "DPU-seconds"):
        table.add_column(name, justify="right")
    for step in steps:
        glue = (str(step.glue_seconds), f"{step.dpu_seconds:.0f}") if step.dpus else ("", "")
        table.add_row(step.name, step.state, f"{step.seconds:.1f}", *glue)
    console.print(table)
    total, dollars = sum(step.dpu_seconds for step in steps), sum(step.dollars for step in steps)
    console.print(f"{total:.0f} DPU-seconds here; on AWS, which bills at least one minute per run: ${dollars:.2f}\n")


def show_rows(console: Console, title: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table of query results, with numeric columns aligned to the right."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for place, name in enumerate(names):
        numeric = bool(rows) and all(row[place].lstrip("-").isdigit() for row in rows)
        table.add_column(name, justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*(Text(value) for value in row))
    console.print(table)
    console.print()
