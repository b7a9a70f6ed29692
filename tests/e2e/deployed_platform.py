"""The whole platform on this machine: a small central bank, a local AWS with the platform's Glue job, its tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil
from pyiceberg.catalog.rest import RestCatalog

from demo.deployment import FOR_SHORT_RUNS, JOB, LAKE, WORKGROUP, deploy
from estrela.etl.run_key import is_run_branch
from estrela.hooks.athena import AthenaQueries
from estrela.hooks.glue_runs import ENDED
from localaws.running import Running, running

PROJECT = Path(__file__).parents[2]
STAR = "banking"
DATABASES = ("banking_trusted", "banking_refined", "banking_ops")
# The times of publications are not part of the published content.
RUNS = "banking_ops.runs"
STEPS = (("transform", "banking"), ("star", "banking"), ("publish", "banking"))
"""The steps of a day after its extracts, as phase and entity."""

Rows = Mapping[str, list[str]]


@dataclass(frozen=True)
class DeployedPlatform:
    """A local AWS to which Estrela was deployed. Its state is only read through public clients."""

    aws: Running

    def start(self, phase: str, entity: str, run: str, **arguments: str) -> str:
        """Start the Glue run of one step of the DAG run ``run``, and return its ID."""
        given = {
            "star": "banking",
            "phase": phase,
            "entity": entity,
            "lake": LAKE,
            "run_key": f"{run}/{phase}_{entity}",
            **arguments,
        }
        options = {f"--{name}": value for name, value in given.items()}
        return str(self._glue.start_job_run(JobName=JOB, Arguments=options)["JobRunId"])

    def state(self, run_id: str) -> str:
        return str(self._run(run_id)["JobRunState"])

    def wait(self, run_id: str) -> str:
        """Wait until the run has ended and return its final state, with Glue's message if it has one."""
        while self.state(run_id) not in ENDED:
            time.sleep(0.1)
        run = self._run(run_id)
        return " ".join(filter(None, (run["JobRunState"], run.get("ErrorMessage"))))

    def run(self, phase: str, entity: str, run: str, **arguments: str) -> str:
        """Run one step to its end."""
        return self.wait(self.start(phase, entity, run, **arguments))

    def kill_when(self, run_id: str, seen: Callable[[], bool]) -> None:
        """Kill -9 all processes of a Glue run as soon as ``seen`` returns true."""
        # The supervisor is not killed: it plays the part of Glue and reports the state of the run.
        while not (
            supervisor := next((candidate for candidate in psutil.process_iter() if run_id in _words(candidate)), None)
        ):
            assert self.state(run_id) not in ENDED, f"the run did not start: {self.wait(run_id)}"
        while not seen() or not (processes := supervisor.children(recursive=True)):
            assert self.state(run_id) not in ENDED, f"the run was over: {self.wait(run_id)}"
            time.sleep(0.005)
        for process in processes:
            process.kill()

    def keys(self, prefix: str) -> list[str]:
        """Return the keys in the lake that begin with ``prefix``."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=LAKE, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def refs(self, name: str) -> dict[str, int]:
        """Return the snapshot IDs of a table ``database.name`` by branch, empty if the table does not exist."""
        catalog = self._catalog
        if not catalog.table_exists(name):
            return {}
        return {branch: ref.snapshot_id for branch, ref in catalog.load_table(name).metadata.refs.items()}

    def names(self) -> list[str]:
        """Return every Iceberg table, as ``database.name``."""
        catalog = self._catalog
        existing = {".".join(namespace) for namespace in catalog.list_namespaces()}
        return sorted(
            ".".join(table) for database in DATABASES if database in existing for table in catalog.list_tables(database)
        )

    def branches(self) -> set[str]:
        """Return the run branches of all tables."""
        return {ref for name in self.names() for ref in self.refs(name) if is_run_branch(ref)}

    def tables(self) -> Rows:
        """Return the sorted rows of every published table, as in Athena's result file."""
        with ThreadPoolExecutor(4) as pool:
            names = [name for name in self.names() if name != RUNS and "main" in self.refs(name)]
            return dict(zip(names, pool.map(self._rows, names), strict=True))

    def shown(self) -> Rows:
        """Return the sorted rows of every view for readers, empty before the first release."""
        glue = self.aws.client("glue")
        if STAR not in [database["Name"] for database in glue.get_databases()["DatabaseList"]]:
            return {}
        names = [table["Name"] for table in glue.get_tables(DatabaseName=STAR)["TableList"]]
        return {name: self._rows(f"{STAR}.{name}") for name in names}

    def _rows(self, name: str) -> list[str]:
        execution = AthenaQueries(self.aws.client("athena"), WORKGROUP).run(f"SELECT * FROM {name}")
        key = execution["ResultConfiguration"]["OutputLocation"].removeprefix(f"s3://{LAKE}/")
        return sorted(self._s3.get_object(Bucket=LAKE, Key=key)["Body"].read().decode().splitlines())

    # Created once: a check must take only milliseconds to catch a run between two commits.
    @cached_property
    def _glue(self) -> Any:
        return self.aws.client("glue")

    @cached_property
    def _s3(self) -> Any:
        return self.aws.client("s3")

    @cached_property
    def _catalog(self) -> RestCatalog:
        return RestCatalog("lake", uri=f"{self.aws.endpoint}/iceberg", warehouse=f"s3://{LAKE}/warehouse")

    def _run(self, run_id: str) -> Any:
        return self._glue.get_job_run(JobName=JOB, RunId=run_id)["JobRun"]


@contextmanager
def deployed_platform(home: Path, warm: int = 0) -> Iterator[DeployedPlatform]:
    """A platform on ``home``, deployed as the demo deploys it."""
    with running(home, warm=warm, java_options=FOR_SHORT_RUNS) as aws:
        deploy(aws.client, PROJECT)
        yield DeployedPlatform(aws)


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
