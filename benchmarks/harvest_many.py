"""Many small deliveries at once: how many a second, and whether one client waits longer than the others.

``DELIVERIES`` (default 1,000) of ``CLIENTS`` (default 100) are uploaded to the local AWS, whose functions run in
processes of their own. A client's time is that from the first upload of all to its own last message.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from dataharvest.metastore import Metastore
from dataharvest.model.choreography import MESSAGES_SENT
from dataharvest.resources import METASTORE
from demo.harvest_stack import BUCKET, deploy
from harvest_files.day import Day
from harvest_files.files import files
from localaws.postgres_server import postgres
from localaws.running import running

DELIVERIES, CLIENTS = int(os.environ.get("DELIVERIES", "1000")), int(os.environ.get("CLIENTS", "100"))
ROOT = Path(__file__).resolve().parents[1]
DEADLINE_SECONDS = 3600


def days() -> list[Day]:
    first = date(2022, 1, 1)
    return [
        Day(f"client{at % CLIENTS:03}", f"{first + timedelta(at // CLIENTS):%Y%m%d}", 7, 2, 3, 20)
        for at in range(DELIVERIES)
    ]


def upload(s3: Any) -> None:
    """Upload all files, of each client one after the other."""
    contents = [(key, b"".join(parts)) for day in days() for key, parts in files(day)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: s3.put_object(Bucket=BUCKET, Key=f"in/{one[0]}", Body=one[1]), contents))


def watch(metastore: Metastore, started: float) -> dict[str, float]:
    """Return the seconds until the last message of each client was sent."""
    each, finished = Counter(day.external_client for day in days()), dict[str, float]()
    while len(finished) < len(each):
        if time.monotonic() - started > DEADLINE_SECONDS:
            sys.exit(f"{len(finished)} of {len(each)} clients are done after {DEADLINE_SECONDS} s")
        sent = Counter(item["partition_key"] for item in metastore.items() if MESSAGES_SENT in item)
        for client in [client for client, count in each.items() if sent[client] == count]:
            finished.setdefault(client, time.monotonic() - started)
        time.sleep(0.5)
    return finished


def main() -> None:
    if "FUNCTIONS" not in os.environ:
        subprocess.run([sys.executable, "lambdas/package.py", "--here"], cwd=ROOT, check=True, capture_output=True)
    dist = Path(os.environ.get("FUNCTIONS", ROOT / "dist"))
    with tempfile.TemporaryDirectory() as name, postgres(Path(name, "pg")) as dsn, running(Path(name, "aws")) as aws:
        deploy(aws, dsn, dist, {})
        started = time.monotonic()
        upload(aws.client("s3"))
        print(f"{DELIVERIES:,} deliveries uploaded in {time.monotonic() - started:.0f} s", flush=True)
        finished = watch(Metastore(aws.client("dynamodb"), METASTORE), started)
    slowest, median = max(finished.values()), statistics.median(finished.values())
    print(f"{DELIVERIES / slowest:.1f} deliveries a second (at least 20); load {os.getloadavg()[0]:.0f}")
    print(f"slowest client {slowest:.0f} s, median {median:.0f} s, ratio {slowest / median:.2f} (at most 3)")


if __name__ == "__main__":
    main()
