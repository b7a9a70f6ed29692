"""A real Airflow (with its own home and SQLite) and a local AWS with a stand-in for the platform's Glue job."""

from __future__ import annotations

import json
import os
import tempfile
import textwrap
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from airflow_fork import AirflowFork
from ledger_warehouse import postgres
from sqlalchemy import make_url

from estrela.hooks.database import DatabaseManager
from estrela.ledger.arrivals import listed
from estrela.ledger.register import Register
from estrela.ledger.schema import SCHEMA
from estrela.model.feeds import feeds
from localaws.running import Running, running

DAGS = Path(__file__).parents[2] / "dags"
JOB_TEMPLATE = DAGS.parent / "glue" / "job_template.py"
# An extract stores one answer per source and reports its code version; publish records the versions that it used.
STAND_IN = """
    import sys, time
    from datetime import UTC, datetime
    import boto3
    from estrela.errors import StepError
    from estrela.etl.accounts.quarantine import Quarantine
    from estrela.etl.releases.manifests import Manifests
    from estrela.etl.releases.news import raw_versions
    from estrela.hooks.json_objects import S3JsonObjects
    from estrela.etl.raw.layer import Arrival, RawLayer
    from estrela.failure import Failure
    from estrela.model.star import load
    given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    host = given.get("--source_host", "")
    if "slow" in host:
        time.sleep(300)
    if "gone" in host or given["--entity"] in host:
        raise StepError(Failure("SourceRejectedError", False), f"{given['--entity']}: HTTP 410")
    star, s3 = load(given["--star"]), boto3.client("s3")
    raw = RawLayer(s3, given["--lake"], f"raw/{star.name}")
    objects = S3JsonObjects(s3, given["--lake"])
    manifests = Manifests(objects, star.name)
    if given["--phase"] == "publish":
        manifests.advance(raw_versions(raw, star.raw_names, Quarantine(objects, star.name)), {"dim": "1"}, 0)
    if given["--phase"] == "extract":
        manifests.report_code({"dim": "1"})
        for source in star.sources_of(given["--entity"]):
            raw.write(source.name, [Arrival({}, 0, "https://bank.test", b"1", datetime.now(UTC))])
"""


@dataclass(frozen=True)
class Platform:
    """Airflow's environment and a local AWS, with its own lake and Glue job."""

    aws: Running
    home: Path
    airflow: AirflowFork
    lake: str
    job: str
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        variables = {"lake": self.lake, "glue_job": self.job, "poll_seconds": "0.2"} | self.variables
        return {
            **airflow_env(self.home),
            **self.aws.env,
            **{f"AIRFLOW_VAR_ESTRELA_{name.upper()}": value for name, value in variables.items()},
            "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
        }

    def python(self, script: str, *arguments: str) -> str:
        """Run Python in this environment and return its output."""
        return self.airflow.run(self.env, script, *arguments)

    def runs(self) -> list[dict[str, Any]]:
        """Return the Glue runs, oldest first."""
        runs: list[dict[str, Any]] = self.aws.client("glue").get_job_runs(JobName=self.job)["JobRuns"]
        return sorted(runs, key=lambda run: run["StartedOn"])


def airflow_env(home: Path) -> dict[str, str]:
    """Return the environment of every process of Airflow."""
    return {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "false",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    }


def answer(output: str) -> Any:
    """Return the JSON that a script printed last, or its whole output if there is none."""
    try:
        return json.loads(output.strip().splitlines()[-1])
    except (ValueError, IndexError):
        pytest.fail(output[-4000:])


@pytest.fixture(scope="session")
def answer_of() -> Any:
    """The function that reads the JSON that a script printed last."""
    return answer


@pytest.fixture(scope="session")
def airflow_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("airflow")


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory, airflow_folder: Path) -> Iterator[AirflowFork]:
    """Airflow, imported, without a database."""
    fork = AirflowFork(airflow_env(airflow_folder), tmp_path_factory.mktemp("output"))
    yield fork
    fork.close()


@pytest.fixture(scope="session")
def script(airflow: AirflowFork, airflow_folder: Path) -> Callable[..., Any]:
    """A function that runs a script with Airflow, without AWS, and returns the JSON that it printed last."""
    return lambda text, *arguments: answer(airflow.run(airflow_env(airflow_folder), text, *arguments))


@pytest.fixture(scope="session")
def parse(script: Callable[..., Any]) -> Callable[[Path], Any]:
    """A function that returns the DAGs that Airflow reads from a DAG file; see ``parse_dags.py``."""
    return lambda file: script((Path(__file__).parent / "parse_dags.py").read_text(), str(file))


@pytest.fixture(scope="session")
def airflow_home(airflow: AirflowFork, airflow_folder: Path) -> Path:
    """Airflow's home, with a database."""
    migrate = "from airflow.utils.db import upgradedb; upgradedb(); print('true')"
    assert answer(airflow.run(airflow_env(airflow_folder), migrate))
    return airflow_folder


@pytest.fixture(scope="session")
def local_aws() -> Iterator[Running]:
    with running() as aws:
        yield aws


@pytest.fixture
def platform(airflow: AirflowFork, airflow_home: Path, local_aws: Running) -> Platform:
    name = uuid.uuid4().hex[:12]
    local_platform = Platform(local_aws, airflow_home, airflow, f"lake-{name}", f"job-{name}")
    s3 = local_aws.client("s3")
    s3.create_bucket(Bucket=local_platform.lake)
    s3.put_object(Bucket=local_platform.lake, Key="job.py", Body=textwrap.dedent(STAND_IN).encode())
    command = {"Name": "pythonshell", "ScriptLocation": f"s3://{local_platform.lake}/job.py"}
    concurrent = {"MaxConcurrentRuns": 8}
    local_aws.client("glue").create_job(
        Name=local_platform.job, Role="role", Command=command, ExecutionProperty=concurrent
    )
    return local_platform


@dataclass(frozen=True)
class Warehouse:
    """A database with a ledger, and buckets, whose names are in the Variables of ``platform``."""

    platform: Platform
    database: DatabaseManager
    landing: str

    def put(self, key: str, body: bytes) -> None:
        """Put a file into the landing bucket and register it by a listing."""
        s3 = self.platform.aws.client("s3")
        s3.put_object(Bucket=self.landing, Key=key, Body=body)
        register = Register(self.database, feeds(), self.landing)
        register.register(list(listed(s3, self.landing, key)), "test", by_event=False)

    def states(self) -> dict[str, str]:
        """Return the state of every file, by key."""
        return {row["key"]: row["state"] for row in self.database.query("SELECT key, state FROM ledger.files")}


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="pg-") as folder, postgres(Path(folder)) as url:
        yield url


@pytest.fixture
def warehouse(platform: Platform, postgres_url: str) -> Iterator[Warehouse]:
    aws, name = platform.aws, platform.lake.removeprefix("lake-")
    server = DatabaseManager.from_url(postgres_url)
    with server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "w{name}"')
    server.engine.dispose()
    url = make_url(postgres_url).set(database=f"w{name}")
    database = DatabaseManager.from_url(url)
    SCHEMA.migrate(database)
    fields = {"username": url.username, "password": url.password, "host": url.host, "port": url.port,
              "dbname": url.database}  # fmt: skip
    aws.client("secretsmanager").create_secret(Name=f"warehouse-{name}", SecretString=json.dumps(fields))
    s3, variables = aws.client("s3"), {"landing": f"landing-{name}", "archive": f"archive-{name}"}
    for bucket in variables.values():
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=platform.lake, Key="job.py", Body=JOB_TEMPLATE.read_bytes())
    jobs = {"glue_job": "of-the-stars", "feed_glue_job": platform.job}
    named = replace(platform, variables={**variables, **jobs, "warehouse_secret": f"warehouse-{name}"})
    yield Warehouse(named, database, variables["landing"])
    database.engine.dispose()
