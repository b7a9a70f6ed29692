"""The raw layer: memory needed for a large answer, and the cost of a version of the log.

``python benchmarks/raw.py [--megabytes 725] [--versions 1000]`` extracts a file of a tenth of the size and one of the
full size from an HTTP server into local S3, and prints the extractor's peak memory (MB) for each. Then it logs the
given number of versions, each with 20 changed answers of 2,000 requests, and prints the bytes, the objects read and the
seconds of an early and of the last version.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from estrela.etl.raw.log import RawLog
from estrela.etl.raw.raw_file import Page, RawAnswer
from localaws.running import Running, running

BUCKET = "raw-benchmark"
CHUNK = b"2026;1;some text;1234,56\n" * 40_000
REQUESTS, CHANGED = 2000, 20
START = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=725, help="size of the large answer (default 725)")
    parser.add_argument("--versions", type=int, default=1000, help="versions of the log (default 1000)")
    parser.add_argument("--extract", nargs=2, metavar=("URL", "ENDPOINT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.extract:
        extract(*options.extract)
        return
    with running() as aws:
        aws.client("s3").create_bucket(Bucket=BUCKET)
        for megabytes in (options.megabytes // 10, options.megabytes):
            print(f"answer of {megabytes:>5} MB: peak memory {peak_of(aws, megabytes):>6.0f} MB")
        log_costs(aws.client("s3"), options.versions)


def peak_of(aws: Running, megabytes: int) -> float:
    """Return the peak memory, in MB, of a process that extracts one answer."""
    with serving(megabytes) as url:
        command = [sys.executable, __file__, "--extract", url, aws.endpoint]
        return float(subprocess.run(command, env=aws.env, check=True, capture_output=True, text=True).stdout)


def extract(url: str, endpoint: str) -> None:
    """Extract the file at ``url``; print the peak memory of this process in MB."""
    import boto3

    from estrela.etl.extractors.raw_extractor import Scope
    from estrela.etl.raw.layer import RawLayer
    from estrela.extractor_factory import extractor_of
    from estrela.model import Column, CsvSource, Download, Field, Layout, Text
    from estrela.world import world_from

    layout = Layout("v1", (Field("text", "text", Text()),))
    columns = (Column("text", "string", "Text"),)
    source = CsvSource("large", "Large", "large", Download("https://large.test/f"), columns, (layout,))
    raw = RawLayer(boto3.client("s3", endpoint_url=endpoint), BUCKET)
    figures = extractor_of(source, raw, Scope(full_refresh=True), world_from(url), boto3.Session()).run()
    assert figures["failed"] == 0, figures
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


@contextmanager
def serving(megabytes: int) -> Iterator[str]:
    """Serve one file of this size and yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            times = megabytes * 1_000_000 // len(CHUNK)
            self.send_response(200)
            self.send_header("Content-Length", str(times * len(CHUNK)))
            self.end_headers()
            for _ in range(times):
                self.wfile.write(CHUNK)

        def log_message(self, *args: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class Counting:
    """An S3 client that counts the objects read and the bytes written to the log."""

    def __init__(self, s3: Any) -> None:
        self._s3, self.reads, self.written = s3, 0, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def get_object(self, **arguments: Any) -> Any:
        self.reads += 1
        return self._s3.get_object(**arguments)

    def put_object(self, **arguments: Any) -> Any:
        self.written += len(arguments["Body"])
        return self._s3.put_object(**arguments)


def log_costs(s3: Any, versions: int) -> None:
    """Print the cost of reading the state and appending one version, early and late."""
    log = RawLog(s3, BUCKET, "raw/fees")
    early = 5
    for version in range(1, versions + 1):
        if version in (early, versions):
            report(s3, version)
            continue
        log.append(version, answers(version))


def report(s3: Any, version: int) -> None:
    counting = Counting(s3)
    log = RawLog(counting, BUCKET, "raw/fees")  # type: ignore[arg-type]
    start = time.perf_counter()
    state = log.state()
    assert state.version == version - 1
    assert log.append(version, answers(version))
    print(
        f"version {version:>5}: {counting.written:>8,} bytes written, {counting.reads:>3} objects read, "
        f"{time.perf_counter() - start:.2f} s"
    )


def answers(version: int) -> list[RawAnswer]:
    """Return a version's changed answers; the first version contains all requests."""
    numbers = range(REQUESTS) if version == 1 else range(CHANGED)
    at = START + timedelta(days=version)
    return [answer(f"{(version * CHANGED + number) % REQUESTS:08d}", at) for number in numbers]


def answer(cnpj: str, at: datetime) -> RawAnswer:
    url = f"https://bank.test/fees?cnpj={cnpj}"
    return RawAnswer({"cnpj": cnpj, "person_type": "J"}, at, (Page(url, 9000, f"{hash((cnpj, at)):064x}"),), 20)


if __name__ == "__main__":
    main()
