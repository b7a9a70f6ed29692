"""What the feeds need on a local AWS: databases, secrets, buckets, the function that registers files."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from demo.databases import create_database
from estrela.hooks.database import DatabaseManager
from estrela.ledger.schema import SCHEMA

LANDING, ARCHIVE = "landing", "archive"
SECRETS = {"warehouse": "estrela/warehouse", "core": "estrela/aurora/core", "ftps": "estrela/ftps/backoffice"}
PII = "estrela/pii"
FUNCTION = "register_file"
Client = Callable[[str], Any]
"""Makes a boto3 client of a service."""


@dataclass(frozen=True)
class Servers:
    """Addresses of the warehouse's and of the core system's database, and the secret of the FTPS share."""

    warehouse: URL
    core: URL
    share: Mapping[str, object]


@dataclass(frozen=True)
class Code:
    """The zip file of the function, and the folders in which it finds its libraries, as in ``PYTHONPATH``."""

    content: bytes
    libraries: str


def deploy_feeds(client: Client, servers: Servers, code: Code) -> None:
    """Make or update everything; done again, nothing that was loaded changes."""
    for url in (servers.warehouse, servers.core):
        create_database(url)
    SCHEMA.migrate(DatabaseManager.from_url(servers.warehouse))
    _put_secrets(client("secretsmanager"), servers)
    s3 = client("s3")
    for bucket in (LANDING, ARCHIVE):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=LANDING, VersioningConfiguration={"Status": "Enabled"})
    rule = {"LambdaFunctionArn": _put_function(client("lambda"), code), "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket=LANDING, NotificationConfiguration={"LambdaFunctionConfigurations": [rule]}
    )


def packed(files: Mapping[str, Path]) -> bytes:
    """Return a zip file of ``files`` by their names in it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, path in files.items():
            archive.write(path, name)
    return content.getvalue()


def put_login(secrets: Any, name: str, url: URL) -> None:
    """Create or update the secret of a database, in the format of Amazon RDS."""
    login = {"host": url.host, "port": url.port, "username": url.username, "password": url.password}
    _put_secret(secrets, name, json.dumps({**login, "dbname": url.database}))


def _put_secrets(secrets: Any, servers: Servers) -> None:
    put_login(secrets, SECRETS["warehouse"], servers.warehouse)
    put_login(secrets, SECRETS["core"], servers.core)
    _put_secret(secrets, SECRETS["ftps"], json.dumps(dict(servers.share)))
    _put_secret(secrets, PII, "the key of hashed values in the demo")


def _put_secret(secrets: Any, name: str, text: str) -> None:
    with suppress(secrets.exceptions.ResourceExistsException):
        secrets.create_secret(Name=name, SecretString=text)
        return
    secrets.put_secret_value(SecretId=name, SecretString=text)


def _put_function(functions: Any, code: Code) -> str:
    """Make the function anew; return its ARN."""
    with suppress(functions.exceptions.ResourceNotFoundException):
        functions.delete_function(FunctionName=FUNCTION)
    variables = {"ESTRELA_WAREHOUSE_SECRET": SECRETS["warehouse"], "ESTRELA_LANDING": LANDING}
    function = functions.create_function(
        FunctionName=FUNCTION,
        Runtime="python3.11",
        Role="arn:aws:iam::123456789012:role/register-file",
        Handler="handler.handler",
        Code={"ZipFile": code.content},
        Environment={"Variables": {**variables, "PYTHONPATH": code.libraries}},
        Timeout=60,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=FUNCTION, WaiterConfig={"Delay": 1})
    return str(function["FunctionArn"])
