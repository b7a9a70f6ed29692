"""Redshift after a kill of the server: committed data exists, uncommitted data does not, and no process is left."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import psutil

from localaws.home import Home
from localaws.running import launch, running, wait_until_ready

CLUSTER = {
    "ClusterIdentifier": "dw",
    "NodeType": "ra3.large",
    "MasterUsername": "admin",
    "MasterUserPassword": "Secret99x",
}
PLACE = {"ClusterIdentifier": "dw", "Database": "dev", "DbUser": "admin"}


def test_what_was_committed_survives_a_kill(tmp_path: Path, warehouse_of: Any) -> None:
    process = launch(tmp_path, "--port=0", "--warm=0")
    try:
        record = wait_until_ready(process, tmp_path)
        with_server = _Server(record.endpoint, record.region)
        warehouse = warehouse_of(with_server, "lake", PLACE)
        with_server.client("s3").create_bucket(Bucket="lake")
        with_server.client("redshift").create_cluster(**CLUSTER)
        with_server.client("redshift-serverless").create_namespace(namespaceName="later", dbName="mart")
        kept = warehouse.run("SELECT 7 AS n")["Id"]
        warehouse.done("CREATE TABLE t (n int) DISTKEY(n)")
        warehouse.done(f"COPY t FROM '{warehouse.put('in', '1')}' IAM_ROLE DEFAULT")
        session = warehouse.data.execute_statement(Sql="BEGIN", SessionKeepAliveSeconds=60, **PLACE)["SessionId"]
        while warehouse.data.list_sessions(SessionId=session)["Sessions"][0]["Status"] == "BUSY":
            time.sleep(0.05)
        warehouse.done("INSERT INTO t VALUES (2)", SessionId=session)
        cross = ", ".join(f"(SELECT 1 UNION ALL SELECT 2) t{n}" for n in range(60))
        running_id = warehouse.data.execute_statement(Sql=f"SELECT count(*) FROM {cross}", **PLACE)["Id"]
        while warehouse.data.describe_statement(Id=running_id)["Status"] != "STARTED":
            time.sleep(0.05)
        postgres = psutil.Process(
            int((Home(tmp_path).redshift / "postgres/data/postmaster.pid").read_text().split()[0])
        )
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    deadline = time.monotonic() + 60
    while postgres.is_running() and postgres.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "PostgreSQL outlives the server"
        time.sleep(0.1)
    with running(tmp_path) as again:
        warehouse = warehouse_of(again, "lake", PLACE)
        assert warehouse.result(kept) == [[7]]
        ended = warehouse.data.describe_statement(Id=running_id)
        assert ended["Status"] == "FAILED"
        assert ended["Error"] == "Internal error: the server stopped while the statement ran"
        assert warehouse.rows("SELECT n FROM t") == [[1]]
        assert warehouse.rows("SELECT diststyle FROM svv_table_info") == [["KEY(n)"]]
        assert warehouse.rows("SELECT status, loaded_rows FROM sys_load_history") == [["completed", 1]]
        namespaces = again.client("redshift-serverless").list_namespaces()["namespaces"]
        assert [(namespace["namespaceName"], namespace["dbName"]) for namespace in namespaces] == [("later", "mart")]
        again.client("redshift").delete_cluster(ClusterIdentifier="dw", SkipFinalClusterSnapshot=True)
        again.client("redshift").create_cluster(**CLUSTER)
        assert warehouse.fails("SELECT n FROM t") == 'ERROR: relation "t" does not exist'


class _Server:
    """Clients of a server that is about to be killed."""

    def __init__(self, endpoint: str, region: str) -> None:
        import boto3

        self._session = boto3.session.Session("localaws", "localaws", region_name=region)
        self._endpoint = endpoint

    def client(self, service: str) -> Any:
        return self._session.client(service, endpoint_url=self._endpoint)  # type: ignore[call-overload]
