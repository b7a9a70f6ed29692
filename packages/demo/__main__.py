"""``python -m demo``: the main job, once. ``python -m demo airflow``: the same, with Airflow's pages left open."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

from rich.console import Console

from bcb_mirror.errors import MirrorError
from demo.airflow import Airflow, AirflowError, airflow
from demo.athena import QueryError, rows_of
from demo.deployment import FOR_SHORT_RUNS, JOB, LAKE, WORKGROUP, airflow_env, deploy
from demo.figures import show_rows, show_steps, steps_of
from demo.progress import RunTimeoutError, watch
from demo.world import World, WorldError, source_host, world_from
from estrela.errors import EstrelaError
from estrela.model.plan import EXTRACT, steps
from localaws.errors import LocalAwsError
from localaws.running import Running, running
from metabase.files import load
from metabase.preview.athena import Athena
from metabase.preview.render import preview

DAG = "star_schema"
PROJECT = Path(__file__).resolve().parents[2]
AIRFLOW_PORT = 8080
SPARK_STEPS = tuple(step.name for step in steps("banking") if step.phase != EXTRACT)
EXPECTED = (AirflowError, EstrelaError, LocalAwsError, MirrorError, QueryError, RunTimeoutError, WorldError)
FILES = """
SELECT source, count(*) AS files, sum(rows_in) AS rows_in, sum(rows_loaded) AS loaded, sum(rows_rejected) AS rejected
FROM banking_ops.files GROUP BY source ORDER BY source
"""
CHECKS = """
SELECT table_name, count(*) AS checks, sum(rows_checked) AS rows_checked, sum(rows_failed) AS rows_failed
FROM banking_ops.checks GROUP BY table_name ORDER BY table_name
"""


def main() -> int:
    """Run the demo; 0 where the DAG run succeeded. An expected error is one line."""
    # A terminated demo unwinds like an interrupted one, so that nothing is left running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console()
    try:
        with contextlib.ExitStack() as stack:
            return _run(console, stack, keep_open=sys.argv[1:] == ["airflow"])
    except KeyboardInterrupt:
        console.print("stopped; nothing is left running")
        return 130
    except EXPECTED as error:
        console.print(f"[red]demo:[/] {error}", soft_wrap=True)
        return 1


def _run(console: Console, stack: contextlib.ExitStack, *, keep_open: bool) -> int:
    world = world_from(os.environ)
    home = PROJECT / ".demo" / world.name
    home.mkdir(parents=True, exist_ok=True)
    console.print(f"[bold]Estrela[/] on {world.doc}; its state lies in .demo/{world.name}")
    with console.status("starting the central bank's mirror, the local AWS and Airflow"):
        aws, flow = _start(stack, world, home, AIRFLOW_PORT if keep_open else 0)
    run_id = flow.trigger(DAG, {})
    started = time.monotonic()
    state = watch(console, flow, DAG, run_id)
    seconds = time.monotonic() - started
    _report(console, aws, flow, run_id, home / "dashboards.html")
    colour = "green" if state == "success" else "red"
    console.print(f"The run is [{colour}]{state}[/] after {seconds:.0f} s.")
    if keep_open:
        console.print(f"Airflow is at {flow.url}; Ctrl-C ends it.")
        signal.pause()
    return 0 if state == "success" else 1


def _start(stack: contextlib.ExitStack, world: World, home: Path, port: int) -> tuple[Running, Airflow]:
    host = stack.enter_context(source_host(world, home / "mirror.log"))
    aws = stack.enter_context(running(home / "aws", warm=len(SPARK_STEPS), java_options=FOR_SHORT_RUNS))
    deploy(aws.client, PROJECT)
    flow = stack.enter_context(airflow(home / "airflow", PROJECT / "dags", airflow_env(aws, host), port))
    flow.wait_for_dag(DAG)
    aws.wait_until_warm(len(SPARK_STEPS))
    return aws, flow


def _report(console: Console, aws: Running, flow: Airflow, run_id: str, page: Path) -> None:
    tasks = flow.tasks(DAG, run_id)
    show_steps(console, steps_of(aws.client("glue"), JOB, run_id, tasks))
    failed = [task for task in tasks if task.state == "failed"]
    for task in failed:
        console.print(f"[red]{task.name} failed:[/] {flow.reason(DAG, run_id, task.name)}", soft_wrap=True)
    if failed:
        return
    show_rows(console, "Rows of each source", *rows_of(aws, WORKGROUP, FILES))
    show_rows(console, "Checks", *rows_of(aws, WORKGROUP, CHECKS))
    if any(task.name == "publish" and task.state == "skipped" for task in tasks):
        console.print(f"Nothing new was published: no table in s3://{LAKE} was touched.")
    with console.status("drawing the dashboards from Athena"):
        preview(load(), Athena(aws.client("athena"), WORKGROUP), page)
    console.print(f"Dashboards, to open in a browser: {page.relative_to(PROJECT)}")


if __name__ == "__main__":
    sys.exit(main())
