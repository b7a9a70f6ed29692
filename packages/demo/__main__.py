"""``python -m demo``: run the DAG of one star once. ``python -m demo airflow [PORT]`` keeps Airflow running afterwards.

``STAR`` names the star (default: banking); ``DATA`` and ``SOURCE_HOST`` say where its files and services are.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from bcb_mirror.errors import MirrorError
from demo.airflow import Airflow, AirflowError, airflow
from demo.athena import QueryError, rows_of
from demo.deployment import FOR_SHORT_RUNS, JOB, LAKE, WORKGROUP, airflow_env, deploy
from demo.figures import show_rows, show_steps, steps_of
from demo.landing import deliver
from demo.ports import PortTakenError, require_free
from demo.progress import RunTimeoutError, watch
from demo.world import World, WorldError, source_host, world_from
from estrela.errors import EstrelaError
from estrela.model import plan, star
from estrela.model.plan import EXTRACT, dag_id
from estrela.model.star import Star
from localaws.errors import LocalAwsError
from localaws.running import Running, running
from metabase.files import site_of
from metabase.invented import marked_by_lake
from metabase.preview.athena import Athena
from metabase.preview.render import preview

PROJECT = Path(__file__).resolve().parents[2]
AIRFLOW_PORT, LAST_PORT = 8080, 65535
EXPECTED = (
    AirflowError, EstrelaError, LocalAwsError, MirrorError, PortTakenError, QueryError, RunTimeoutError, WorldError
)  # fmt: skip
FILES = """
SELECT source, count(*) AS files, sum(rows_in) AS rows_in, sum(rows_loaded) AS loaded, sum(rows_rejected) AS rejected
FROM {star}.files WHERE source = received_by GROUP BY source ORDER BY source
"""
CHECKS = """
SELECT table_name, count(*) AS checks, sum(rows_checked) AS rows_checked, sum(rows_failed) AS rows_failed
FROM {star}.checks GROUP BY table_name ORDER BY table_name
"""


@dataclass(frozen=True)
class Demo:
    """A run of the demo: a star, on the data of a world, with its state in ``home``."""

    star: Star
    world: World
    home: Path

    @property
    def dag(self) -> str:
        """Id of the star's DAG."""
        return dag_id(self.star.name)

    @property
    def spark_steps(self) -> int:
        """Number of steps that need Spark; a warm process is kept ready for each."""
        return sum(step.phase != EXTRACT for step in plan.steps_of(self.star))


def main() -> int:
    """Run the demo; return 0 if the DAG run succeeded. An expected error is printed as one line."""
    # SIGTERM unwinds the demo like an interrupt, so that no process is left running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console()
    try:
        with contextlib.ExitStack() as stack:
            return _run(console, stack, port_of(sys.argv[1:]))
    except KeyboardInterrupt:
        console.print("stopped; nothing is left running")
        return 130
    except EXPECTED as error:
        console.print(f"[red]demo:[/] {error}", soft_wrap=True)
        return 1


def port_of(words: Sequence[str]) -> int:
    """Return the port on which Airflow keeps running; 0 to stop it after the run. Raises WorldError, PortTakenError."""
    if words[:1] != ["airflow"]:
        return 0
    text = words[1] if len(words) > 1 else str(AIRFLOW_PORT)
    if not text.isdecimal() or not 0 < int(text) <= LAST_PORT:
        raise WorldError(f"PORT={text} is not a port; use a number from 1 to {LAST_PORT}: make airflow PORT=8081")
    require_free(int(text), f"make airflow PORT={int(text) % LAST_PORT + 1}")
    return int(text)


def _run(console: Console, stack: contextlib.ExitStack, port: int) -> int:
    demo = _demo(os.environ)
    demo.home.mkdir(parents=True, exist_ok=True)
    state = f"its state is in .demo/{demo.world.name}"
    console.print(f"[bold]Estrela[/], star {demo.star.name}, on {demo.world.doc}; {state}")
    with console.status("starting the sources' stand-ins, the local AWS and Airflow"):
        aws, flow = _start(stack, demo, port)
    run_id = flow.trigger(demo.dag, {})
    started = time.monotonic()
    state = watch(console, flow, demo.dag, run_id)
    seconds = time.monotonic() - started
    _report(console, aws, flow, demo, run_id)
    colour = "green" if state == "success" else "red"
    console.print(f"The run is [{colour}]{state}[/] after {seconds:.0f} s.")
    if port:
        console.print(f"Airflow runs at {flow.url}; press Ctrl-C to stop it.")
        signal.pause()
    return 0 if state == "success" else 1


def _demo(environ: Mapping[str, str]) -> Demo:
    """Return the demo for ``STAR`` and the variables of a world. Raises DefinitionError for an unknown star."""
    world = world_from(environ)
    return Demo(star.load(environ.get("STAR", "banking")), world, PROJECT / ".demo" / world.name)


def _start(stack: contextlib.ExitStack, demo: Demo, port: int) -> tuple[Running, Airflow]:
    host = stack.enter_context(source_host(demo.world, demo.home / "mirror.log"))
    aws = stack.enter_context(running(demo.home / "aws", warm=demo.spark_steps, java_options=FOR_SHORT_RUNS))
    deploy(aws.client, PROJECT)
    deliver(aws.client("s3"), LAKE, demo.star.name, demo.world.files)
    flow = stack.enter_context(airflow(demo.home / "airflow", PROJECT / "dags", airflow_env(aws, host), port))
    flow.wait_for_dag(demo.dag)
    aws.wait_until_warm(demo.spark_steps)
    return aws, flow


def _report(console: Console, aws: Running, flow: Airflow, demo: Demo, run_id: str) -> None:
    tasks = flow.tasks(demo.dag, run_id)
    show_steps(console, steps_of(aws.client("glue"), JOB, run_id, tasks))
    failed = [task for task in tasks if task.state == "failed"]
    for task in failed:
        console.print(f"[red]{task.name} failed:[/] {flow.reason(demo.dag, run_id, task.name)}", soft_wrap=True)
    if not any(task.name == "publish" and task.state in ("success", "skipped") for task in tasks):
        return
    for title, query in (("Rows of each source", FILES), ("Checks", CHECKS)):
        show_rows(console, title, *rows_of(aws, WORKGROUP, query.format(star=demo.star.name)))
    if any(task.name == "publish" and task.state == "skipped" for task in tasks):
        console.print(f"Nothing new was published: no table in s3://{LAKE} has changed.")
    page = demo.home / "dashboards.html"
    with console.status("drawing the dashboards from Athena"):
        preview(marked_by_lake(site_of(demo.star.name), aws), Athena(aws.client("athena"), WORKGROUP), page)
    console.print(f"Dashboards; open this file in a browser: {page.relative_to(PROJECT)}")


if __name__ == "__main__":
    sys.exit(main())
