"""``python -m demo.compose_warehouse``: the feeds on Docker Compose, and what their parties deliver in three days.

From the environment: the addresses of the databases (``WAREHOUSE_URL``, ``CORE_URL``) and their passwords, the host
and the authority (PEM) of the FTPS share (``SHARE_HOST``, ``SHARE_AUTHORITY``), its folder (``SHARE_FOLDER``), and the
folder of the libraries that the function finds beside localaws (``FUNCTION_LIBRARIES``). DataHarvest's tables
(``DATAHARVEST_URL``) are created too: until its demo fills them, Metabase shows them empty.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from sqlalchemy import URL, make_url

from backoffice_parties.company import Company
from backoffice_parties.files import branch_file, settlement_files
from demo import harvest_database
from demo.warehouse_delivery import change_core, drop_files, share_rates
from demo.warehouse_deployment import ARCHIVE, FUNCTION, Client, Code, Servers, deploy_feeds, packed, put_login
from estrela.errors import EstrelaError

PROJECT = Path(__file__).resolve().parents[2]
DAYS = 3
SHARE_PORT = 2121
DELIVERED = "delivered"
"""An object that says that the parties have delivered."""
SENDER = "estrela@bank.example"
"""The address that messages of feeds come from, as AIRFLOW_VAR_ESTRELA_ALERT_SENDER says."""


def main(environ: Mapping[str, str]) -> int:
    """0 where all is as the DAGs need it; an expected error is one line."""
    try:
        start(_client, environ)
    except EstrelaError as error:
        print(f"warehouse: {error}", file=sys.stderr)
        return 1
    print(f"the feeds are deployed, and the parties have delivered {DAYS} days")
    return 0


def start(client: Client, environ: Mapping[str, str]) -> None:
    """Deploy the feeds and deliver; done again, it delivers nothing more. Raises LoadError."""
    servers = servers_of(environ)
    deploy_feeds(client, servers, Code(packed(_function()), environ["FUNCTION_LIBRARIES"]))
    harvest = harvest_database.url_of(environ)
    harvest_database.create_tables(harvest)
    put_login(client("secretsmanager"), harvest_database.SECRET, harvest)
    client("sesv2").create_email_identity(EmailIdentity=SENDER)
    s3, company = client("s3"), Company()
    if "Contents" in s3.list_objects_v2(Bucket=ARCHIVE, Prefix=DELIVERED):
        return
    for day in range(DAYS):
        drop_files(s3, dict([*settlement_files(company, day), branch_file(company, day)]))
        share_rates(company, day, Path(environ["SHARE_FOLDER"]))
        change_core(company, day, servers.core)
    s3.put_object(Bucket=ARCHIVE, Key=DELIVERED)


def servers_of(environ: Mapping[str, str]) -> Servers:
    """Return the servers that the environment names."""
    share = {
        "host": environ["SHARE_HOST"],
        "port": SHARE_PORT,
        "username": "anonymous",
        "password": "none",
        "authority": Path(environ["SHARE_AUTHORITY"]).read_text(),
    }
    return Servers(_url(environ, "WAREHOUSE"), _url(environ, "CORE"), share)


def _url(environ: Mapping[str, str], name: str) -> URL:
    return make_url(environ[f"{name}_URL"]).set(password=environ[f"{name}_PASSWORD"])


def _function() -> dict[str, Path]:
    """Return the files of the function by their names in its zip file: the handler and the platform."""
    platform = PROJECT / "packages"
    files = {str(path.relative_to(platform)): path for path in (platform / "estrela").rglob("*.py")}
    return {"handler.py": PROJECT / "lambdas" / FUNCTION / "handler.py", **files}


def _client(service: str) -> Any:
    return boto3.client(service)  # type: ignore[call-overload]


if __name__ == "__main__":
    sys.exit(main(os.environ))
