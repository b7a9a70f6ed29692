"""Deploys Estrela to a local AWS with boto3: the bucket, the library, the Glue job and the Athena workgroup."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localaws.running import Running

LAKE = "estrela-lake"
JOB = "estrela"
WORKGROUP = "estrela"
SOURCE_HOST = "--source_host"
FOR_SHORT_RUNS = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC"
"""JVM options of local Glue runs, which halve the CPU time for data of this size."""
ROLE = "arn:aws:iam::123456789012:role/estrela-glue"
MODULES = ("psycopg[binary]==3.3.9", "SQLAlchemy==2.1.9", "tenacity==9.2.1")
"""Packages that the platform's wheel needs and Glue lacks: the job installs them, with the versions of uv.lock."""
# The same arguments as on AWS; localaws substitutes its own catalog. The place of tables follows from --lake.
CATALOG_CONF = " --conf ".join(
    (
        "spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.catalog.lake=org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.lake.catalog-impl=org.apache.iceberg.aws.glue.GlueCatalog",
        "spark.sql.catalog.lake.io-impl=org.apache.iceberg.aws.s3.S3FileIO",
    )
)


class AnotherSourceError(Exception):
    """The lake contains data from another source than the requested one."""

    def __init__(self, known: str, asked: str) -> None:
        real = "Banco Central do Brasil"
        super().__init__(f"the lake has data of {known or real}; choose an empty lake for data of {asked or real}")


def deploy(client: Callable[[str], Any], project: Path, source_host: str = "") -> None:
    """Create or update everything that the DAG needs; a repeated call changes nothing.

    ``client`` returns a boto3 client for a service; ``source_host`` is the stand-in for the sources' hosts in each run
    that names none of its own. Raises AnotherSourceError instead of mixing two worlds in one lake.
    """
    s3, glue = client("s3"), client("glue")
    _refuse_another_source(glue, source_host)
    s3.create_bucket(Bucket=LAKE)
    with tempfile.TemporaryDirectory(prefix="estrela-wheel-") as folder:
        wheel = _put(s3, "code", _wheel(project, Path(folder)))
    script = _put(s3, "code", project / "glue" / "job_template.py")
    _put_job(glue, script, wheel, source_host)
    _put_workgroup(client("athena"))


def airflow_env(aws: Running, source_host: str) -> dict[str, str]:
    """Return Airflow's environment: the AWS connection and the Variables of the DAGs."""
    return {
        **aws.env,
        "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
        "AIRFLOW_VAR_ESTRELA_LAKE": LAKE,
        "AIRFLOW_VAR_ESTRELA_GLUE_JOB": JOB,
        "AIRFLOW_VAR_ESTRELA_ATHENA_WORKGROUPS": f"primary,{WORKGROUP}",
        "AIRFLOW_VAR_ESTRELA_POLL_SECONDS": "0.5",
        "AIRFLOW_VAR_ESTRELA_AWS_COMMAND": aws.command,
        "AIRFLOW_VAR_ESTRELA_SOURCE_HOST": source_host,
    }


def _wheel(project: Path, folder: Path) -> Path:
    """Build the platform's wheel into ``folder``. The same code gives the same bytes and key."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=project / "packages" / "estrela", check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def _put(s3: Any, prefix: str, file: Path) -> str:
    """Store a file under its content's hash, so that a running job keeps its code when new code is deployed."""
    data = file.read_bytes()
    key = f"{prefix}/{hashlib.sha256(data).hexdigest()[:16]}/{file.name}"
    s3.put_object(Bucket=LAKE, Key=key, Body=data)
    return f"s3://{LAKE}/{key}"


def _refuse_another_source(glue: Any, source_host: str) -> None:
    if JOB not in glue.list_jobs()["JobNames"]:
        return
    known = glue.get_job(JobName=JOB)["Job"].get("DefaultArguments", {}).get(SOURCE_HOST, "")
    if known != source_host:
        raise AnotherSourceError(known, source_host)


def _put_job(glue: Any, script: str, wheel: str, source_host: str) -> None:
    job = {
        "Role": ROLE,
        "Command": {"Name": "glueetl", "ScriptLocation": script, "PythonVersion": "3"},
        "GlueVersion": "5.1",
        "WorkerType": "G.1X",
        "NumberOfWorkers": 2,
        "Timeout": 60,
        "MaxRetries": 0,
        "ExecutionProperty": {"MaxConcurrentRuns": 10},
        "DefaultArguments": {
            "--extra-py-files": wheel,
            "--additional-python-modules": ",".join(MODULES),
            "--datalake-formats": "iceberg",
            "--conf": CATALOG_CONF,
            **({SOURCE_HOST: source_host} if source_host else {}),
        },
    }
    if JOB in glue.list_jobs()["JobNames"]:
        glue.update_job(JobName=JOB, JobUpdate=job)
    else:
        glue.create_job(Name=JOB, **job)


def _put_workgroup(athena: Any) -> None:
    known = {group["Name"] for group in athena.list_work_groups()["WorkGroups"]}
    if WORKGROUP not in known:
        place = {"ResultConfiguration": {"OutputLocation": f"s3://{LAKE}/athena/"}}
        athena.create_work_group(Name=WORKGROUP, Configuration={**place, "EnforceWorkGroupConfiguration": True})
