"""A PostgreSQL on a folder: it keeps committed data, and ends with the process that started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
from waiting import eventually

from localaws.errors import PostgresInUseError, PostgresStartError
from localaws.postgres_server import PostgresServer, postgres

HOLD = """
import sys, time
from pathlib import Path
from localaws.postgres_server import postgres
with postgres(Path(sys.argv[1])) as dsn:
    print(dsn, flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a server's data, which takes seconds to create; no server runs on it."""
    folder = tmp_path_factory.mktemp("pg")
    with postgres(folder) as dsn, psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE fees (bank text, fee numeric(18, 2))")
        connection.execute("INSERT INTO fees VALUES ('São João', 1.10)")
    return folder


def rows(dsn: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute("SELECT bank, fee::text FROM fees ORDER BY fee").fetchall()


def test_it_keeps_what_was_committed_and_leaves_no_process(folder: Path) -> None:
    with postgres(folder) as dsn:
        assert rows(dsn)[0] == ("São João", "1.10")
        server = int((folder / "data" / "postmaster.pid").read_text().split()[0])
    assert not psutil.pid_exists(server)


def test_it_asks_for_its_password(folder: Path) -> None:
    with postgres(folder) as dsn:
        password = dsn.split(":")[2].split("@")[0]
        with pytest.raises(psycopg.OperationalError, match='password authentication failed for user "postgres"'):
            psycopg.connect(dsn.replace(password, "wrong"))
    assert (folder / "password").stat().st_mode & 0o077 == 0


def test_a_folder_has_one_owner(folder: Path) -> None:
    with postgres(folder) as dsn:
        with pytest.raises(PostgresInUseError) as caught, postgres(folder):
            pass
        assert rows(dsn)
    text = f"the PostgreSQL in {folder} is in use by another process; stop that process or choose another folder"
    assert str(caught.value) == text


def test_settings_are_handed_on_and_a_wrong_one_is_named(folder: Path) -> None:
    with postgres(folder, {"work_mem": "7MB"}) as dsn, psycopg.connect(dsn) as connection:
        assert connection.execute("SHOW work_mem").fetchone() == ("7MB",)
    with (
        pytest.raises(PostgresStartError, match='parameter "work_mem": "lots"'),
        postgres(folder, {"work_mem": "lots"}),
    ):
        pass
    PostgresServer(folder).stop()


@pytest.mark.parametrize("with_supervisor", [False, True])
def test_it_ends_with_a_killed_owner_and_loses_no_commit(folder: Path, with_supervisor: bool) -> None:
    owner = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout
    dsn = owner.stdout.readline().strip()
    with psycopg.connect(dsn) as connection:
        connection.execute("INSERT INTO fees VALUES ('late', %s)", (2 + with_supervisor,))
    server = psutil.Process(int((folder / "data" / "postmaster.pid").read_text().split()[0]))
    if with_supervisor:
        supervisor = server.parent()
        assert supervisor
        os.kill(supervisor.pid, signal.SIGKILL)
    owner.kill()
    owner.wait()
    if not with_supervisor:
        eventually(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE)
    with postgres(folder) as again:
        assert rows(again)[-1] == ("late", str(2 + with_supervisor) + ".00")
        assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE
