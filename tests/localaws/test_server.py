"""The server itself: start, stop, restart, and the ways a start can fail."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from localaws.errors import StartError
from localaws.running import running


def test_a_secret_survives_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        first.client("secretsmanager").create_secret(Name="metabase", SecretString="s3cr3t")
    with running(tmp_path) as second:
        assert second.client("secretsmanager").get_secret_value(SecretId="metabase")["SecretString"] == "s3cr3t"


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(StartError, match=f"port {port} on 127.0.0.1 is taken by another process"),
            running(tmp_path, port=port),
        ):
            pass


def test_two_servers_on_one_home_are_refused(tmp_path: Path) -> None:
    with (
        running(tmp_path) as first,
        pytest.raises(
            StartError, match=f"home folder {tmp_path} is in use by the server with pid {first.pid} at {first.endpoint}"
        ),
        running(tmp_path),
    ):
        pass
    with running(tmp_path):
        pass


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OSError), running(tmp_path / "file"):
        pass
