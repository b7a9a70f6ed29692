"""Files on the resources deployed to the local AWS: one file is registered, and one day of DataHarvest becomes
messages.

The local AWS only keeps records of RDS databases. A PostgreSQL on this machine replaces the database: the deployed
secrets refer to it, and the deployed functions create its schemas and work on it.
"""

from __future__ import annotations

import gzip
import json
import secrets as random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from dataharvest.metastore import Metastore
from dataharvest.model.choreography import MESSAGES_SENT
from demo.harvest_check import Values, recompute, values_of
from estrela.hooks.database_role import ensure_role
from harvest_files.day import Day
from harvest_files.files import files
from localaws.running import Running

ROLES = ("warehouse", "dataharvest")
KEY = "card_settlements/visa_2026-11-01.csv.gz"
CONTENT = (
    b"settlement_id,settled_on,merchant,card_number,amount,installments,disputed\n1,2026-11-01,Bar,1234,9.90,1,false\n"
)
DAY = Day("north", clients=5, portfolios=8, transactions=40)
PAUSE_SECONDS = 0.5
Found = TypeVar("Found")
FEED = "card_settlements"
LOADED = (
    "SELECT state, rows_in, rows_loaded, rows_rejected, archive_uri FROM ledger.files"
    " WHERE bucket = %s AND key = %s ORDER BY id DESC LIMIT 1"
)
STATE = "SELECT state, events_seen, run FROM ledger.files WHERE bucket = %s AND key = %s AND version = %s"


class DeployedFilesError(Exception):
    """The deployed platform does not process files correctly."""


@dataclass(frozen=True)
class DeployedFiles:
    """Feeds and DataHarvest of one environment. ``master`` is the connection string of the PostgreSQL behind the
    secrets.
    """

    aws: Running
    environment: str
    master: str
    deadline: float

    def open_warehouse(self) -> None:
        """Change the deployed secrets to refer to the PostgreSQL, and let the deployed functions create the schemas."""
        server = conninfo_to_dict(self.master)
        client = self.aws.client("secretsmanager")
        with psycopg.connect(self.master, autocommit=True) as connection:
            for role in ROLES:
                secret = self._secret(role)
                login = json.loads(client.get_secret_value(SecretId=secret)["SecretString"])
                login |= {"password": random.token_hex(16), "host": server["host"], "port": int(str(server["port"]))}
                ensure_role(connection, login["username"], login["password"], login["dbname"])
                client.put_secret_value(SecretId=secret, SecretString=json.dumps(login))
        for function in ("ledger-schema", "dataharvest-schema"):
            self._call(function)

    def register_a_file(self) -> str:
        """Write a file to the landing bucket; return its state in the ledger. Raises DeployedFilesError."""
        bucket = self._bucket("landing")
        content = gzip.compress(CONTENT, mtime=0)
        version = self.aws.client("s3").put_object(Bucket=bucket, Key=KEY, Body=content)["VersionId"]

        def registered() -> str:
            with psycopg.connect(self._login("warehouse")) as connection:
                row = connection.execute(STATE, (bucket, KEY, version)).fetchone()
            return f"{row[0]}, events: {row[1]}, run {row[2]}" if row else ""

        return self._awaited(registered, f"s3://{bucket}/{KEY} is not in the ledger")

    def newest_file_summary(self) -> str:
        """Wait until the newest file is archived; return its row counts and address. Raises DeployedFilesError."""

        def archived() -> str:
            with psycopg.connect(self._login("warehouse")) as connection:
                row = connection.execute(LOADED, (self._bucket("landing"), KEY)).fetchone()
            if not row or row[4] is None:
                return ""
            state, rows, loaded, rejected, address = row
            return f"{state}, {rows} rows in = {loaded} loaded + {rejected} rejected, now {address}"

        return self._awaited(archived, f"{KEY} is not archived")

    def deliver_a_day(self, folder: Path) -> int:
        """Deliver four files; return the number of messages, after checking them. Raises DeployedFilesError."""
        paths = self._uploaded(folder)
        metastore = Metastore(self.aws.client("dynamodb"), f"estrela-{self.environment}-dataharvest")

        def sent() -> bool:
            item = metastore.item(DAY.external_client, DAY.business_date)
            return item is not None and MESSAGES_SENT in item

        self._awaited(sent, f"{DAY.external_client}'s messages of {DAY.business_date} were not sent")
        received = list(self._messages())
        held: Values = {(message["type"], _reference(message)): values_of(message) for message in received}
        expected = recompute(paths)
        if held != expected or len(received) != len(expected):
            problem = f"{len(received)} messages were received and {len(expected)} expected"
            raise DeployedFilesError(f"DataHarvest: {problem}; their number or values differ from those of DuckDB")
        return len(received)

    def _uploaded(self, folder: Path) -> dict[str, Path]:
        written: dict[str, Path] = {}
        for key, parts in files(DAY):
            path = folder / key
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as stream:
                stream.writelines(parts)
            self.aws.client("s3").upload_file(str(path), self._bucket("deliveries"), key)
            written[path.name.split("_")[0]] = path
        return written

    def _messages(self) -> Iterator[Mapping[str, Any]]:
        sqs = self.aws.client("sqs")
        url = sqs.get_queue_url(QueueName=f"estrela-{self.environment}-dataharvest-messages.fifo")["QueueUrl"]
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                yield json.loads(message["Body"])

    def _call(self, function: str) -> None:
        name = f"estrela-{self.environment}-{function}"
        answer = self.aws.client("lambda").invoke(FunctionName=name)
        if "FunctionError" in answer:
            reason = answer["Payload"].read().decode()[:500]
            raise DeployedFilesError(f"the function {name} failed: {reason}")

    def _awaited(self, look: Callable[[], Found], problem: str) -> Found:
        deadline = time.monotonic() + self.deadline
        while not (answer := look()):
            if time.monotonic() > deadline:
                logs = f"the functions' logs: {self.aws.home}/logs"
                raise DeployedFilesError(f"{problem} after {self.deadline:.0f} s; {logs}")
            time.sleep(PAUSE_SECONDS)
        return answer

    def _login(self, role: str) -> str:
        client = self.aws.client("secretsmanager")
        login = json.loads(client.get_secret_value(SecretId=self._secret(role))["SecretString"])
        given = {name: login[name] for name in ("host", "port", "dbname", "password")}
        return make_conninfo("", user=login["username"], **given)

    def _secret(self, role: str) -> str:
        return f"estrela-{self.environment}/warehouse/{role}"

    def _bucket(self, purpose: str) -> str:
        account = self.aws.client("sts").get_caller_identity()["Account"]
        return f"estrela-{self.environment}-{purpose}-{account}"


def _reference(message: Mapping[str, Any]) -> str:
    return str(next(value for name, value in message.items() if name.endswith("_reference")))
