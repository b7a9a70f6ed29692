"""The warehouse on a local AWS: buckets, databases, secrets, the function that registers files, the Glue job."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, create_engine, make_url

from demo.deployment import JOB, deploy
from estrela.hooks.database import DatabaseManager
from estrela.hooks.glue_jobs import GlueJobs, JobRun
from estrela.ledger.schema import SCHEMA
from localaws.running import Running

LANDING, ARCHIVE = "landing", "archive"
WAREHOUSE, CORE = "warehouse", "core"
"""The databases: the warehouse with its ledger, and the company's core system."""
SECRETS = {"warehouse": "estrela/warehouse", "core": "estrela/aurora/core", "ftps": "estrela/ftps/backoffice"}
PII = "estrela/pii"
FUNCTION = "register_file"
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
    _create_databases(stack.server)
    SCHEMA.migrate(stack.database)
    _put_secrets(stack, share)
    deploy(aws.client, project)
    s3 = aws.client("s3")
    for bucket in (LANDING, ARCHIVE):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=LANDING, VersioningConfiguration={"Status": "Enabled"})
    rule = {"LambdaFunctionArn": _put_function(aws, project), "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket=LANDING, NotificationConfiguration={"LambdaFunctionConfigurations": [rule]}
    )
    return stack


def _create_databases(server: URL) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        known = set(connection.exec_driver_sql("SELECT datname FROM pg_database").scalars())
        for name in sorted({WAREHOUSE, CORE} - known):
            connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    engine.dispose()


def _put_secrets(stack: Stack, share: Mapping[str, object]) -> None:
    server = stack.server
    place = {"host": server.host, "port": server.port, "username": server.username, "password": server.password}
    _put_secret(stack.aws, SECRETS["warehouse"], json.dumps({**place, "dbname": WAREHOUSE}))
    _put_secret(stack.aws, SECRETS["core"], json.dumps({**place, "dbname": CORE}))
    _put_secret(stack.aws, SECRETS["ftps"], json.dumps(dict(share)))
    _put_secret(stack.aws, PII, "the key of hashed values in the demo")


def _put_secret(aws: Running, name: str, text: str) -> None:
    secrets = aws.client("secretsmanager")
    with suppress(secrets.exceptions.ResourceExistsException):
        secrets.create_secret(Name=name, SecretString=text)
        return
    secrets.put_secret_value(SecretId=name, SecretString=text)


def _put_function(aws: Running, project: Path) -> str:
    """Recreate the function, with the libraries of this environment; return its ARN."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(project / "lambdas" / FUNCTION / "handler.py", "handler.py")
    functions: Any = aws.client("lambda")
    with suppress(functions.exceptions.ResourceNotFoundException):
        functions.delete_function(FunctionName=FUNCTION)
    libraries = ":".join(path for path in sys.path if path)
    variables = {"ESTRELA_WAREHOUSE_SECRET": SECRETS["warehouse"], "ESTRELA_LANDING": LANDING, "PYTHONPATH": libraries}
    function = functions.create_function(
        FunctionName=FUNCTION,
        Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
        Role="arn:aws:iam::123456789012:role/register-file",
        Handler="handler.handler",
        Code={"ZipFile": packed.getvalue()},
        Environment={"Variables": variables},
        Timeout=60,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=FUNCTION, WaiterConfig={"Delay": 1})
    return str(function["FunctionArn"])
