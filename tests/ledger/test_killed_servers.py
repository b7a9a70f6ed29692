"""PostgreSQL, the FTPS server or their disk fails during a load: afterwards each file is loaded once."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Timer
from typing import Any

import psutil
import pytest
from killed import expire
from ledger_warehouse import Warehouse, csv, fresh_warehouse
from sqlalchemy import make_url

from estrela.etl.loaders import postgres, postgres_batch
from estrela.hooks.database import DatabaseManager
from estrela.hooks.landed_files import LandedFiles
from estrela.ledger.batch import ONE_FILE, SMALL_FILES, BatchLimit
from estrela.ledger.schema import SCHEMA
from localaws.postgres_server import PostgresServer
from localaws.running import running

pytestmark = pytest.mark.long
KEYS = ("sales/1.csv", "sales/2.csv")
MIB = 1 << 20


def kill_server(server: PostgresServer) -> None:
    """Kill -9 every process of a PostgreSQL, if it runs. Another thread may be killing it."""
    processes: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        main = psutil.Process(int((server.data / "postmaster.pid").read_text().splitlines()[0]))
        processes = [main, *main.children(recursive=True)]
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    psutil.wait_procs(processes, timeout=60)


def connected(warehouse: Warehouse, dsn: str) -> Warehouse:
    """Return the same warehouse, connected to a restarted server."""
    warehouse.database.engine.dispose()
    return replace(warehouse, database=DatabaseManager.from_url(make_url(dsn).set(drivername="postgresql+psycopg")))


def survive(warehouse: Warehouse) -> None:
    """Let the leases expire, load the waiting files, and check everything."""
    expire(warehouse)
    assert warehouse.load("survivor") == ""
    assert warehouse.load("survivor") == ""
    assert warehouse.ids() == [1, 2, 3]
    assert warehouse.states() == [(key, "Done") for key in KEYS]
    account = "SELECT rows_in, rows_loaded, rows_rejected, archived_at IS NOT NULL FROM ledger.files ORDER BY id"
    assert warehouse.query(account) == [(2, 2, 0, True), (1, 1, 0, True)]
    committed = "SELECT file FROM ledger.loads WHERE error = '' AND ended_at IS NOT NULL ORDER BY file"
    assert warehouse.query(committed) == [(1,), (2,)]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the user of PostgreSQL may enter, unlike pytest's own, which each session makes private."""
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        yield Path(name)


@contextmanager
def own_warehouse(s3: Any, server: PostgresServer) -> Iterator[Warehouse]:
    dsn = make_url(server.start()).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    database = DatabaseManager.from_url(dsn)
    SCHEMA.migrate(database)
    warehouse = fresh_warehouse(s3, database)
    warehouse.register_events(*(warehouse.put(key, csv(*ids)) for key, ids in zip(KEYS, ((1, 2), (3,)), strict=True)))
    try:
        yield warehouse
    finally:
        warehouse.database.engine.dispose()
        server.stop()


def before(step: Callable[..., Any], do: Callable[[], None]) -> Callable[..., Any]:
    def wrapped(*given: Any, **named: Any) -> Any:
        do()
        return step(*given, **named)

    return wrapped


def after(step: Callable[..., Any], do: Callable[[], None]) -> Callable[..., Any]:
    def wrapped(*given: Any, **named: Any) -> Any:
        outcome = step(*given, **named)
        do()
        return outcome

    return wrapped


MOMENTS: dict[str, tuple[Any, str, Any, list[int] | None]] = {
    "while the rows are copied": (postgres, "end_load", before, []),
    "between Done and its commit": (postgres, "settle", after, []),
    "right after the commit": (postgres.PostgresLoader, "load", after, [1, 2]),
    "together, while the rows are copied": (postgres_batch, "_write", before, []),
    "together, between Done and its commit": (postgres_batch, "settle_done", after, []),
    "together, right after the commit": (postgres_batch.PostgresBatch, "load", after, [1, 2, 3]),
}
"""A step, whether PostgreSQL is killed before or after it, and the content of the table then."""


@pytest.mark.parametrize("moment", MOMENTS)
def test_postgresql_is_killed(s3: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    server = PostgresServer(folder / "postgres")
    with own_warehouse(s3, server) as warehouse:
        owner, step, when, held = MOMENTS[moment]
        warehouse.batch = SMALL_FILES if "together" in moment else ONE_FILE
        with monkeypatch.context() as patch:
            patch.setattr(owner, step, when(getattr(owner, step), lambda: kill_server(server)))
            assert warehouse.load("doomed") != ""
        server.stop()
        again = connected(warehouse, server.start())
        assert (again.ids() if again.has_table() else []) == held
        survive(again)
        again.database.engine.dispose()


@pytest.mark.parametrize("batch", [ONE_FILE, SMALL_FILES], ids=["one by one", "together"])
@pytest.mark.parametrize("milliseconds", [0, 1, 2, 4, 8])
def test_postgresql_is_killed_during_the_commit(
    s3: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, milliseconds: int, batch: BatchLimit
) -> None:
    """Microseconds decide whether the commit is before the kill; the file's account must agree in both cases."""
    server = PostgresServer(folder / "postgres")
    with own_warehouse(s3, server) as warehouse:
        timers: list[Timer] = []
        warehouse.batch = batch

        def kill_soon() -> None:
            timers.append(Timer(milliseconds / 1000, kill_server, (server,)))
            timers[-1].start()

        with monkeypatch.context() as patch:
            patch.setattr(postgres, "settle", after(postgres.settle, kill_soon))
            patch.setattr(postgres_batch, "settle_done", after(postgres_batch.settle_done, kill_soon))
            warehouse.load("doomed")
        for timer in timers:
            timer.join()
        server.stop()
        again = connected(warehouse, server.start())
        held = again.ids() if again.has_table() else []
        done = [ids for ids, (_, state) in zip(((1, 2), (3,)), again.states(), strict=True) if state == "Done"]
        assert held == [row_id for ids in done for row_id in ids], "the rows and Done come together"
        survive(again)
        again.database.engine.dispose()


def kill(number: int) -> None:
    """Kill -9 a process, if it runs."""
    with suppress(ProcessLookupError):
        os.kill(number, signal.SIGKILL)


@pytest.mark.parametrize(
    ("step", "when"), [("_is_copied", before), ("_is_copied", after), ("_delete", before), ("_delete", after)]
)
def test_the_server_of_the_files_is_killed_during_the_archive(
    warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, when: Any
) -> None:
    database = DatabaseManager.from_url(warehouse_url)
    home = tmp_path / "aws"
    with running(home) as aws:
        warehouse = fresh_warehouse(aws.client("s3"), database)
        files = {key: csv(*ids) for key, ids in zip(KEYS, ((1, 2), (3,)), strict=True)}
        warehouse.register_events(*(warehouse.put(key, body) for key, body in files.items()))
        with monkeypatch.context() as patch:
            patch.setattr(LandedFiles, step, when(getattr(LandedFiles, step), partial(kill, aws.pid)))
            assert warehouse.load("doomed") != ""
        assert {state for _, state in warehouse.states()} == {"Done"}
    with running(home) as aws:
        again = replace(warehouse, s3=aws.client("s3"))
        survive(again)
        assert "Versions" not in again.s3.list_object_versions(Bucket=warehouse.bucket)
        archived = again.s3.list_objects_v2(Bucket=f"{warehouse.bucket}-archive")["Contents"]
        bodies = [again.s3.get_object(Bucket=f"{warehouse.bucket}-archive", Key=entry["Key"]) for entry in archived]
        assert sorted(answer["Body"].read() for answer in bodies) == sorted(files.values())
    database.engine.dispose()


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 192 MiB."""
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=192m", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, check=False).returncode:
        pytest.skip("mounting a small tmpfs needs root and the right to mount")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_the_disk_of_postgresql_is_full(s3: Any, small_disk: Path) -> None:
    server = PostgresServer(small_disk / "postgres", {"max_wal_size": "64MB", "min_wal_size": "32MB"})
    with own_warehouse(s3, server) as warehouse:
        rows = 200_000
        warehouse.register_events(warehouse.put("sales/3.csv", csv(*range(10, 10 + rows), name="x" * 80)))
        free = os.statvfs(small_disk)
        filling = small_disk / "filling"
        filling.write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - 12 * MIB)))
        assert warehouse.load("doomed") != "", "what is loaded below, once there is room, was refused"
        filling.unlink()
        server.stop()
        again = connected(warehouse, server.start())
        # PostgreSQL may end before the first commit, which creates the table.
        loaded = again.ids() if again.has_table() else []
        assert set(loaded) <= {1, 2, 3}, "the large file is loaded as a whole or not at all"
        expire(again)
        again.query("UPDATE ledger.files SET state = 'New' WHERE state = 'Fail' RETURNING id")
        assert again.load("survivor") == ""
        assert again.query("SELECT count(*) AS rows, count(DISTINCT id) AS ids FROM mart.sales") == [
            (rows + 3, rows + 3)
        ]
        assert {state for _, state in again.states()} == {"Done"}
        again.database.engine.dispose()
