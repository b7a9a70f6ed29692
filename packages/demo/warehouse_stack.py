"""The warehouse on a local AWS of this machine, and the runs of its Glue job."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url

from demo.deployment import JOB, deploy
from demo.warehouse_deployment import ARCHIVE, FUNCTION, LANDING, PII, SECRETS, Code, Servers, deploy_feeds, packed
from estrela.hooks.database import DatabaseManager
from estrela.hooks.glue_jobs import GlueJobs, JobRun
from localaws.running import Running

WAREHOUSE, CORE = "warehouse", "core"
"""The databases: the warehouse with its ledger, and the core system of the company."""
DEADLINE_SECONDS = 300.0
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Stack:
    """The deployed platform: the local AWS and the URL of the PostgreSQL server."""

    aws: Running
    server: URL

    @property
    def database(self) -> DatabaseManager:
        """The warehouse database."""
        return DatabaseManager.from_url(self.server.set(database=WAREHOUSE))

    @property
    def core(self) -> URL:
        """URL of the core system's database."""
        return self.server.set(database=CORE)

    def run(self, feed: str, phase: str, run: str) -> JobRun:
        """Run a step of a feed and wait for its end, as the DAGs do. Raises JobError."""
        jobs = GlueJobs(self.aws.client("glue"))
        arguments = {
            "--feed": feed,
            "--phase": phase,
            "--landing": LANDING,
            "--archive": ARCHIVE,
            "--warehouse_secret": SECRETS["warehouse"],
            "--pii_secret": PII,
        }
        run_id = jobs.start(JOB, f"{run}/{feed}/{phase}", arguments)
        return jobs.finish(JOB, run_id, DEADLINE_SECONDS, POLL_SECONDS)


def deploy_warehouse(aws: Running, dsn: str, share: Mapping[str, object], project: Path) -> Stack:
    """Create or update all resources; a repeated call does not change loaded data."""
    stack = Stack(aws, make_url(dsn).set(drivername="postgresql+psycopg"))
    deploy(aws.client, project)
    handler = packed({"handler.py": project / "lambdas" / FUNCTION / "handler.py"})
    # The function's libraries are those of this environment.
    code = Code(handler, ":".join(path for path in sys.path if path))
    deploy_feeds(aws.client, Servers(stack.server.set(database=WAREHOUSE), stack.core, share), code)
    return stack
