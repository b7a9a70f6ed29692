"""kill -9 of PostgreSQL and of the whole local AWS during deliveries: every message is sent exactly once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from psycopg.conninfo import conninfo_to_dict

from dataharvest.metastore import Metastore
from dataharvest.model.choreography import MESSAGES_SENT, choreography
from dataharvest.resources import METASTORE, queues
from demo.harvest_check import recompute, values_of
from demo.harvest_database import SECRET
from demo.harvest_stack import BUCKET, deploy
from harvest_files.day import Day
from harvest_files.files import files
from localaws.postgres_server import PostgresServer
from localaws.running import Running, running

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[2]
DAYS = [Day(f"client{at}", clients=4, portfolios=6, transactions=60) for at in range(6)]
MISDELIVERY = "duplicates=0.5,reorder,delay=1s"
HIDDEN_SECONDS = "5"
"""Seconds until messages that a killed function had received become visible again."""
KILLS = 4
DEADLINE_SECONDS = 300


@dataclass
class KillableServers:
    """A PostgreSQL and a local AWS that can be killed and restarted. Clients learn PostgreSQL's new address."""

    postgres: PostgresServer
    aws: Running

    @property
    def items(self) -> list[dict[str, Any]]:
        return Metastore(self.aws.client("dynamodb"), METASTORE).items()

    @property
    def flags(self) -> int:
        return sum(flag in item for item in self.items for flag in choreography().flags)

    def kill_postgres(self) -> None:
        """Kill every process of PostgreSQL, start it again, and write its port into the secret."""
        main = psutil.Process(int((self.postgres.data / "postmaster.pid").read_text().splitlines()[0]))
        processes = [main, *main.children(recursive=True)]
        for process in processes:
            process.send_signal(signal.SIGKILL)
        psutil.wait_procs(processes, timeout=60)
        self.postgres.stop()
        secrets = self.aws.client("secretsmanager")
        login = json.loads(secrets.get_secret_value(SecretId=SECRET)["SecretString"])
        login["port"] = conninfo_to_dict(self.postgres.start())["port"]
        secrets.put_secret_value(SecretId=SECRET, SecretString=json.dumps(login))

    def upload(self, folder: Path) -> dict[str, dict[str, Path]]:
        """Upload the files of every client; return their paths."""
        paths: dict[str, dict[str, Path]] = {}
        for day in DAYS:
            for key, parts in files(day):
                path = folder / key
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"".join(parts))
                self.aws.client("s3").upload_file(str(path), BUCKET, f"in/{key}")
                paths.setdefault(day.external_client, {})[path.name.split("_")[0]] = path
        return paths

    def received(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        sqs = self.aws.client("sqs")
        url = sqs.get_queue_url(QueueName="dataharvest-messages.fifo")["QueueUrl"]
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get(
            "Messages"
        ):
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                said = {name: given["StringValue"] for name, given in message["MessageAttributes"].items()}
                yield said["external_client"], said["key"], json.loads(message["Body"])


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the user of PostgreSQL may enter."""
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def packed() -> Path:
    """The functions' zip files, and their layer for this machine."""
    if given := os.environ.get("FUNCTIONS"):
        return Path(given)
    subprocess.run([sys.executable, "lambdas/package.py", "--here"], cwd=ROOT, check=True, capture_output=True)
    return ROOT / "dist"


def test_servers_that_are_killed_lose_and_repeat_nothing(folder: Path, packed: Path) -> None:
    postgres = PostgresServer(folder / "postgres")
    try:
        with running(folder / "aws", misdeliver=MISDELIVERY, seed=3) as aws:
            deploy(aws, postgres.start(), packed, {})
            sqs, names = aws.client("sqs"), queues(choreography())
            for url in [sqs.get_queue_url(QueueName=name)["QueueUrl"] for name in names]:
                sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": HIDDEN_SECONDS})
            servers = KillableServers(postgres, aws)
            paths = servers.upload(folder / "files")
            every = len(DAYS) * len(choreography().flags)
            for kill in range(1, KILLS + 1):
                wait_until(lambda least=every * kill // (KILLS + 2): servers.flags >= least)  # type: ignore[misc]
                servers.kill_postgres()
            assert servers.flags < every, "the kills were to come in the middle"
            os.kill(aws.pid, signal.SIGKILL)
            port = int(aws.endpoint.rpartition(":")[2])
        with running(folder / "aws", misdeliver=MISDELIVERY, seed=4, port=port) as again:
            servers = KillableServers(postgres, again)
            wait_until(lambda: sum(MESSAGES_SENT in item for item in servers.items) == len(DAYS))
            sent = list(servers.received())
    finally:
        postgres.stop()
    assert len({key for _, key, _ in sent}) == len(sent)
    for client, client_paths in paths.items():
        values = {
            (body["type"], list(body.values())[1]): values_of(body)
            for owner, _, body in sent
            if owner == client and body["type"] != "error_message"
        }
        assert values == recompute(client_paths), client
