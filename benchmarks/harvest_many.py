"""Many small deliveries at the same time: deliveries per second, and whether a client waits longer than the others.

``DELIVERIES`` (default 1,000) of ``CLIENTS`` (default 100) are uploaded to the local AWS, whose functions run in
separate processes. A client's time is from the first upload of all clients to its own last message.
"""

from __future__ import annotations

import os
import queue
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from demo.harvest_stack import BUCKET, deploy
from harvest_files.day import Day
from harvest_files.files import files
from localaws.postgres_server import postgres
from localaws.running import running

DELIVERIES, CLIENTS = int(os.environ.get("DELIVERIES", "1000")), int(os.environ.get("CLIENTS", "100"))
ROOT = Path(__file__).resolve().parents[1]
CONNECTIONS = 8
DEADLINE_SECONDS = 3600
SENT = """
SELECT d.external_client, count(*), max(o.last) FROM dataharvest.delivery d
JOIN dataharvest.finished_step s ON s.delivery_id = d.delivery_id AND s.step = 'catapult'
JOIN (SELECT external_client, business_date, max(sent_at) AS last, bool_and(sent_at IS NOT NULL) AS is_sent
    FROM dataharvest.outbox GROUP BY 1, 2) o USING (external_client, business_date)
WHERE o.is_sent GROUP BY 1
"""
"""Number of each client's deliveries whose messages have all been sent, and the time of the last message."""


def days() -> list[Day]:
    first = date(2022, 1, 1)
    return [
        Day(f"client{at % CLIENTS:03}", f"{first + timedelta(at // CLIENTS):%Y%m%d}", 7, 2, 3, 20)
        for at in range(DELIVERIES)
    ]


def requests(s3: Any) -> list[bytes]:
    """Return the HTTP request of each upload, client by client.

    They are signed and put together before the clock starts, because the work of external clients is not measured.
    """
    requests = []
    for key, parts in (file for day in days() for file in files(day)):
        url = urlsplit(s3.generate_presigned_url("put_object", {"Bucket": BUCKET, "Key": f"in/{key}"}))
        body = b"".join(parts)
        lines = f"PUT {url.path}?{url.query} HTTP/1.1", f"Host: {url.netloc}", f"Content-Length: {len(body)}"
        requests.append("".join(f"{line}\r\n" for line in (*lines, "")).encode() + body)
    return requests


def upload(endpoint: str, requests: list[bytes]) -> None:
    """Send all requests over ``CONNECTIONS`` connections. Raises OSError if one is not answered with 200."""
    url = urlsplit(endpoint)
    connections = queue.SimpleQueue[socket.socket]()
    for _ in range(CONNECTIONS):
        connections.put(socket.create_connection((url.hostname, url.port)))

    def send(request: bytes) -> None:
        connection, answer = connections.get(), b""
        connection.sendall(request)
        while not answer.endswith(b"\r\n\r\n"):  # it has no body
            received = connection.recv(1 << 16)
            if not received:
                break
            answer += received
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise OSError(answer)
        connections.put(connection)

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(send, requests))


def watch(dsn: str, started: datetime) -> dict[str, float]:
    """Return the seconds until the last message of each client was sent.

    It polls the database, because scans of the metastore would slow down the functions.
    """
    each, deadline = Counter(day.external_client for day in days()), time.monotonic() + DEADLINE_SECONDS
    with psycopg.connect(dsn, autocommit=True) as connection:
        while True:
            progress = {client: (count, last) for client, count, last in connection.execute(SENT)}
            if all(progress.get(client, (0, None))[0] == count for client, count in each.items()):
                return {client: (last - started).total_seconds() for client, (_, last) in progress.items()}
            if time.monotonic() > deadline:
                sys.exit(f"{sum(count for count, _ in progress.values())} are done after {DEADLINE_SECONDS} s")
            time.sleep(0.5)


def main() -> None:
    if "FUNCTIONS" not in os.environ:
        subprocess.run([sys.executable, "lambdas/package.py", "--here"], cwd=ROOT, check=True, capture_output=True)
    dist = Path(os.environ.get("FUNCTIONS", ROOT / "dist"))
    with tempfile.TemporaryDirectory() as name, postgres(Path(name, "pg")) as dsn, running(Path(name, "aws")) as aws:
        deploy(aws, dsn, dist, {})
        uploads = requests(aws.client("s3"))
        started = datetime.now(UTC)
        upload(aws.endpoint, uploads)
        print(f"{DELIVERIES:,} deliveries uploaded in {(datetime.now(UTC) - started).seconds} s", flush=True)
        finished = watch(dsn, started)
    slowest, median = max(finished.values()), statistics.median(finished.values())
    print(f"{DELIVERIES / slowest:.1f} deliveries a second (at least 20); load {os.getloadavg()[0]:.0f}")
    print(f"slowest client {slowest:.0f} s, median {median:.0f} s, ratio {slowest / median:.2f} (at most 3)")


if __name__ == "__main__":
    main()
