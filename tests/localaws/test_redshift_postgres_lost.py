"""Redshift when its PostgreSQL is killed or no longer answers."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from localaws.home import Home
from localaws.postgres_server import postgres
from localaws.running import Running, launch, running, wait_until_ready

PLACE = {"ClusterIdentifier": "dw", "Database": "dev", "DbUser": "admin"}
ROWS = 2_000_000
STOP_DEADLINE = 12


def processes_of(postgres_folder: Path) -> list[psutil.Process]:
    """Return the processes of the server: its main process and its children."""
    server = psutil.Process(int((postgres_folder / "data/postmaster.pid").read_text().split()[0]))
    return [server, *server.children(recursive=True)]


def warehouse_on(aws: Any, warehouse_of: Any) -> Any:
    aws.client("s3").create_bucket(Bucket="lake")
    aws.client("redshift").create_cluster(
        ClusterIdentifier="dw", NodeType="ra3.large", MasterUsername="admin", MasterUserPassword="Secret99x"
    )
    return warehouse_of(aws, "lake", PLACE)


@contextmanager
def stalled_by(number: signal.Signals, processes: list[psutil.Process]) -> Iterator[None]:
    for process in processes:
        process.send_signal(number)
    try:
        yield
    finally:
        for process in processes:
            if process.is_running():
                process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
def test_the_server_ends_while_a_copy_waits_for_a_lost_postgres(
    tmp_path: Path, warehouse_of: Any, number: signal.Signals
) -> None:
    with postgres(tmp_path / "theirs") as dsn:
        process = launch(tmp_path / "aws", "--port=0", "--warm=0", f"--redshift={dsn}")
        try:
            record = wait_until_ready(process, tmp_path / "aws")
            warehouse = warehouse_on(
                Running(record.endpoint, record.region, tmp_path / "aws", record.pid), warehouse_of
            )
            warehouse.done("CREATE TABLE t (n int)")
            location = warehouse.put("in", "".join(f"{row}\n" for row in range(ROWS)))
            copy = warehouse.data.execute_statement(Sql=f"COPY t FROM '{location}' IAM_ROLE DEFAULT", **PLACE)["Id"]
            while warehouse.rows("SELECT status FROM sys_load_history") != [["running"]]:
                time.sleep(0.02)
            with stalled_by(number, processes_of(tmp_path / "theirs")):
                process.terminate()
                assert process.wait(STOP_DEADLINE) == 0
        finally:
            process.kill()
            process.wait()
    assert not Home(tmp_path / "aws").is_locked()
    with running(tmp_path / "aws") as again:
        ended = again.client("redshift-data").describe_statement(Id=copy)
    assert ended["Status"] in ("FAILED", "ABORTED")


def test_an_embedded_postgres_that_died_is_started_again(tmp_path: Path, warehouse_of: Any) -> None:
    with running(tmp_path) as aws:
        warehouse = warehouse_on(aws, warehouse_of)
        warehouse.done("CREATE TABLE t (n int)")
        warehouse.done("INSERT INTO t VALUES (1)")
        session = warehouse.data.execute_statement(Sql="BEGIN", SessionKeepAliveSeconds=60, **PLACE)["SessionId"]
        while warehouse.data.list_sessions(SessionId=session)["Sessions"][0]["Status"] == "BUSY":
            time.sleep(0.05)
        warehouse.done("INSERT INTO t VALUES (2)", SessionId=session)
        died = processes_of(Home(tmp_path).redshift / "postgres")
        for process in died:
            process.kill()
        psutil.wait_procs(died, 10)
        assert warehouse.fails("INSERT INTO t VALUES (3)", SessionId=session).startswith("ERROR: ")
        with pytest.raises(ClientError, match=f"Session {session} is closed or does not exist"):
            warehouse.data.execute_statement(Sql="SELECT 1", SessionId=session)
        assert warehouse.rows("SELECT n FROM t") == [[1]]
        assert warehouse.data.list_tables(SchemaPattern="public", **PLACE)["Tables"][0]["name"] == "t"
