"""One PostgreSQL and one local AWS for all tests of the ledger; a database and a bucket per test."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ledger_warehouse import Warehouse, fresh_warehouse, postgres
from sqlalchemy import create_engine, make_url, text

from estrela.hooks.database import DatabaseManager
from estrela.hooks.redshift import RedshiftData
from estrela.ledger.schema import SCHEMA
from localaws.running import Running, running


@pytest.fixture(scope="session")
def aws() -> Iterator[Running]:
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def s3(aws: Running) -> Any:
    return aws.client("s3")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """URL of a server whose database ``template`` contains an empty ledger."""
    with tempfile.TemporaryDirectory(prefix="pg-") as folder, postgres(Path(folder)) as url:
        _execute(url, "CREATE DATABASE template")
        template = DatabaseManager.from_url(make_url(url).set(database="template"))
        SCHEMA.migrate(template)
        template.engine.dispose()
        yield url


def _execute(url: str, sql: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(sql))
    engine.dispose()


@pytest.fixture
def warehouse_url(server: str) -> str:
    """URL of a new database with a ledger."""
    name = f"w{uuid.uuid4().hex[:12]}"
    _execute(server, f"CREATE DATABASE {name} TEMPLATE template")
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def warehouse(s3: Any, warehouse_url: str) -> Iterator[Warehouse]:
    database = DatabaseManager.from_url(warehouse_url)
    yield fresh_warehouse(s3, database)
    database.engine.dispose()


@pytest.fixture(scope="session")
def workgroup(aws: Running) -> str:
    """A workgroup of Redshift Serverless."""
    serverless = aws.client("redshift-serverless")
    serverless.create_namespace(namespaceName="warehouse")
    serverless.create_workgroup(workgroupName="warehouse", namespaceName="warehouse")
    return "warehouse"


@pytest.fixture
def redshift_warehouse(warehouse: Warehouse, aws: Running, workgroup: str) -> Warehouse:
    """A warehouse whose feeds are loaded into Redshift."""
    warehouse.redshift = RedshiftData(aws.client("redshift-data"), {"WorkgroupName": workgroup, "Database": "dev"})
    warehouse.redshift.transact("test", [f"DROP SCHEMA IF EXISTS {name} CASCADE" for name in ("mart", "warehouse")])
    return warehouse
