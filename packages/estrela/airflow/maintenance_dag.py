"""The DAG that maintains the tables of a star."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Asset, Param

from estrela.airflow.alert import alert
from estrela.airflow.deadline import run_deadline
from estrela.airflow.glue_step import GlueStep
from estrela.airflow.tasks import TaskText
from estrela.model.plan import MAINTAIN

DOC = """Removes snapshots and files that readers and releases of star `{name}` no longer need, and merges small files,
in one Glue job run.

Releases that a rollback can return to are kept. The table `{name}.maintenance` has the figures of every table. With the
parameter `dry_run` the run only counts.
"""
TEXT = TaskText(
    "Maintain the tables",
    "Drops tags of releases that can no longer be shown, expires snapshots, merges small files, and removes files that"
    " belong to no snapshot and raw answers that no table needs. Updates the asset `x-estrela://{star}/maintenance`.",
)


def maintenance_dag(star: str) -> DAG:
    """Return the DAG ``maintain_<star>``, weekly."""
    with DAG(
        dag_id=f"maintain_{star}",
        description=f"Expires snapshots, merges small files and removes orphans of star {star}",
        doc_md=DOC.format(name=star),
        schedule="@weekly",
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        tags=["estrela", "glue", star],
        params={"dry_run": Param(False, type="boolean", description="Count only, change nothing")},
        default_args={
            "owner": "data",
            "retries": 3,
            "retry_delay": timedelta(minutes=5),
            "on_failure_callback": alert,
        },
        **run_deadline(),
    ) as dag:
        dry_run = "{{ 'true' if params.dry_run else '' }}"
        arguments = {"--star": star, "--entity": star, "--phase": MAINTAIN, "--dry_run": dry_run}
        text = TaskText(TEXT.name, TEXT.doc.format(star=star)).of_glue()
        outlets = [Asset(f"x-estrela://{star}/maintenance")]
        GlueStep(task_id=MAINTAIN, arguments=arguments, flex=True, outlets=outlets, **text.options)
    return dag
