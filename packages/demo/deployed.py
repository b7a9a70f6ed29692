"""``python -m demo.deployed``: run star banking, feeds and DataHarvest on the resources deployed to the local AWS.

A local Airflow reads its Variables from the deployed secrets, starts the deployed Glue job on the deployed bucket, and
then the maintenance; Athena answers every chart in the deployed workgroup of Metabase. A file written to the deployed
bucket is registered by the deployed function, and loaded and archived by the deployed Glue job of the feeds; one day
delivered to DataHarvest becomes messages. At the end everything started here is stopped, including active Glue runs.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from bcb_mirror.errors import MirrorError
from demo.airflow import Airflow, AirflowError, airflow
from demo.deployed_files import FEED, DeployedFiles, DeployedFilesError
from demo.progress import DEADLINE_SECONDS, RunTimeoutError, watch
from demo.world import WorldError, source_host, world_from
from estrela.errors import EstrelaError
from estrela.hooks.glue_runs import has_ended, recent_runs
from estrela.model.feed_plan import feed_dag_id
from estrela.model.plan import MAINTAIN, dag_id
from localaws.errors import LocalAwsError
from localaws.home import Home
from localaws.postgres_server import postgres
from localaws.running import Running
from metabase.files import site_of
from metabase.invented import marked_by_lake
from metabase.preview.athena import Athena
from metabase.preview.render import preview

PROJECT = Path(__file__).resolve().parents[2]
STAR = "banking"
BACKEND = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"


class NotDeployedError(Exception):
    """Nothing is deployed to run on."""


EXPECTED = (
    AirflowError,
    DeployedFilesError,
    EstrelaError,
    LocalAwsError,
    MirrorError,
    NotDeployedError,
    RunTimeoutError,
    WorldError,
)


def main(arguments: Sequence[str]) -> int:
    """Run the parts that ``arguments`` select; return 0 if all succeeded. An expected error is printed as one line."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    given = _parser().parse_args(arguments)
    console = Console()
    try:
        aws = _server(Path(os.environ.get("LOCALAWS_HOME", PROJECT / ".localaws")))
        variables = deployed_variables(aws.client("secretsmanager"), given.env)
        with contextlib.ExitStack() as stack:
            return _run(console, stack, aws, variables, given)
    except EXPECTED as error:
        console.print(f"[red]run-local:[/] {error}", soft_wrap=True)
        return 1


def deployed_variables(secrets: Any, environment: str) -> dict[str, str]:
    """Return Airflow's Variables from the deployed secrets. Raises NotDeployedError if there are none."""
    prefix = f"estrela-{environment}/airflow/variables/"
    pages = secrets.get_paginator("list_secrets").paginate(Filters=[{"Key": "name", "Values": [prefix]}])
    names = [secret["Name"] for page in pages for secret in page["SecretList"]]
    if not names:
        raise NotDeployedError(f"the local AWS has no secrets {prefix}*; run: make deploy-local")
    return {name.removeprefix(prefix): secrets.get_secret_value(SecretId=name)["SecretString"] for name in names}


def _server(home: Path) -> Running:
    record = Home(home).read_record()
    if record is None:
        raise NotDeployedError(f"no local AWS runs with its state in {home}; run: make deploy-local")
    return Running(record.endpoint, record.region, home, record.pid)


def _run(
    console: Console, stack: contextlib.ExitStack, aws: Running, variables: Mapping[str, str], given: argparse.Namespace
) -> int:
    state = _state(given.env)
    files = None if given.only == "star" else _open_files(console, stack, aws, given)
    is_for_star = given.only != "files"
    host = stack.enter_context(source_host(world_from(os.environ), state / "mirror.log")) if is_for_star else ""
    for name in ("estrela_glue_job", "estrela_feed_glue_job"):
        if job := variables.get(name):
            stack.enter_context(_stopping_runs(aws.client("glue"), job))
    flow = stack.enter_context(airflow(state / "airflow", PROJECT / "dags", airflow_env(aws, host, given.env)))
    if files and not _loads_the_file(console, flow, files, given.deadline):
        return 1
    return 0 if not is_for_star else _run_star(console, flow, aws, variables, given)


def _open_files(
    console: Console, stack: contextlib.ExitStack, aws: Running, given: argparse.Namespace
) -> DeployedFiles:
    """Connect the deployed secrets to a PostgreSQL, register a file and convert a day to messages."""
    state = _state(given.env)
    deployed = DeployedFiles(aws, given.env, stack.enter_context(postgres(state / "postgres")), given.deadline)
    deployed.open_warehouse()
    console.print(f"Feeds: the dropped file is registered: {deployed.register_a_file()}")
    messages = deployed.deliver_a_day(state / "files")
    console.print(f"DataHarvest: one day gave {messages} messages, and DuckDB computes the same values")
    return deployed


def _loads_the_file(console: Console, flow: Airflow, files: DeployedFiles, deadline: float) -> bool:
    """Run the DAG for the registered file's feed; return whether it succeeded."""
    if not _succeeds(console, flow, feed_dag_id(FEED), deadline):
        return False
    console.print(f"Feeds: {files.newest_file_summary()}", soft_wrap=True)
    return True


def _run_star(
    console: Console, flow: Airflow, aws: Running, variables: Mapping[str, str], given: argparse.Namespace
) -> int:
    job, lake = variables["estrela_glue_job"], variables["estrela_lake"]
    state = _state(given.env)
    console.print(f"Star {STAR} by the Glue job {job} on s3://{lake}; its state is in {state.relative_to(PROJECT)}")
    for dag in (dag_id(STAR), f"{MAINTAIN}_{STAR}"):
        if not _succeeds(console, flow, dag, given.deadline):
            return 1
    page = state / "dashboards.html"
    workgroup = f"estrela-{given.env}-metabase"
    drawn = preview(marked_by_lake(site_of(STAR), aws), Athena(aws.client("athena"), workgroup), page)
    console.print(f"Athena's workgroup {workgroup} answered {drawn.cards} charts: {page.relative_to(PROJECT)}")
    if drawn.empty:
        console.print(f"[red]run-local:[/] charts without rows: {', '.join(drawn.empty)}", soft_wrap=True)
    return 1 if drawn.empty else 0


def _state(environment: str) -> Path:
    folder = PROJECT / ".demo" / f"deployed-{environment}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def airflow_env(aws: Running, host: str, environment: str) -> dict[str, str]:
    """Return Airflow's environment: the AWS, the place of its Variables, and the stand-in for the sources."""
    return {
        **aws.env,
        # the name of the role of Airflow's tasks on ECS, so that a log of calls shows the caller
        "AWS_ACCESS_KEY_ID": f"estrela-{environment}-airflow-worker",
        "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
        "AIRFLOW__SECRETS__BACKEND": BACKEND,
        "AIRFLOW__SECRETS__BACKEND_KWARGS": (
            f'{{"variables_prefix": "estrela-{environment}/airflow/variables", "variables_lookup_pattern": "^estrela_",'
            ' "connections_prefix": null, "config_prefix": null}'
        ),
        "AIRFLOW_VAR_ESTRELA_POLL_SECONDS": "1",
        "AIRFLOW_VAR_ESTRELA_AWS_COMMAND": aws.command,
        "AIRFLOW_VAR_ESTRELA_SOURCE_HOST": host,
    }


def _succeeds(console: Console, flow: Airflow, dag: str, deadline: float) -> bool:
    """Run a DAG; print its result and the reasons of failed tasks; return whether it succeeded."""
    flow.wait_for_dag(dag)
    run_id = flow.trigger(dag, {})
    state = watch(console, flow, dag, run_id, deadline)
    console.print(f"DAG {dag}: {state}")
    for task in flow.tasks(dag, run_id):
        if task.state == "failed":
            console.print(f"[red]{task.name} failed:[/] {flow.reason(dag, run_id, task.name)}", soft_wrap=True)
    return state == "success"


@contextlib.contextmanager
def _stopping_runs(glue: Any, job: str) -> Iterator[None]:
    """Stop the runs of ``job`` that are still active when the block ends."""
    try:
        yield
    finally:
        if active := [run["Id"] for run in recent_runs(glue, job) if not has_ended(run)]:
            glue.batch_stop_job_run(JobName=job, JobRunIds=active)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run-local")
    parser.add_argument("--env", default="local", help="name of the environment that was deployed")
    parser.add_argument(
        "--only", choices=("files", "star"), help="run only the feeds and DataHarvest, or only the star"
    )
    parser.add_argument(
        "--deadline",
        type=float,
        default=DEADLINE_SECONDS,
        help="seconds that each DAG run may take (default: %(default)s)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
