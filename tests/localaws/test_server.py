"""The server itself: start, stop, restart, and the ways in which a start can fail."""

from __future__ import annotations

import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest

from localaws.cli import main
from localaws.errors import HomeNotWritableError, StartError
from localaws.running import running

# Starts a server and prints the modules it imported that only some requests need.
IDLE = """
import sys
from pathlib import Path
from localaws.server import Server
from localaws.settings import Settings

server = Server(Settings(home=Path(sys.argv[1]), port=0, warm=0))
server.start()
engines = ("duckdb", "numpy", "pandas", "psycopg", "pyarrow", "pyiceberg", "pyspark", "sqlglot")
services = ("localaws.functions", "localaws.events.service", "localaws.redshift", "localaws.iceberg.rest")
print(sorted({*engines, *services, "moto.ec2.models"} & sys.modules.keys()))
server.stop()
"""


def test_what_is_not_used_is_not_imported(tmp_path: Path) -> None:
    command = [sys.executable, "-c", IDLE, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "[]\n", done.stderr


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


@pytest.mark.parametrize("option", ["--trino", "--trino-endpoint"])
@pytest.mark.parametrize("url", ["ftp://x", "trino:8080", "http://", "http://trino:port", "https://trino:0", "trino"])
def test_an_address_of_trino_that_is_no_url_is_refused_at_once(tmp_path: Path, capsys, option: str, url: str) -> None:
    assert main(["up", f"--home={tmp_path / 'home'}", option, url]) == 1
    expected = f"localaws: {option} is {url!r}; allowed are http://HOST:PORT and https://HOST:PORT\n"
    assert capsys.readouterr() == ("", expected)
    assert list(tmp_path.iterdir()) == []


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


def test_a_home_that_cannot_be_written_is_named_and_left_alone(tmp_path: Path) -> None:
    home = tmp_path / "file"
    home.write_text("not a folder")
    text = f"home folder {home} is not writable (%s); choose another with --home or LOCALAWS_HOME"
    with pytest.raises(HomeNotWritableError) as caught, running(home):
        pass
    assert str(caught.value) == text % "File exists"
    up = localaws("up", "--home", str(home), "--port", "0")
    assert (up.returncode, up.stdout, up.stderr) == (1, "", f"localaws: {text % 'Not a directory'}\n")
    assert home.read_text() == "not a folder"


def localaws(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "localaws", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_up_status_env_and_down_from_the_command_line(tmp_path: Path) -> None:
    home = ("--home", str(tmp_path))
    assert localaws("status", *home).returncode == 3
    assert localaws("env", *home).stderr.startswith(f"localaws: no server runs on {tmp_path}; start one with")
    up = localaws("up", *home, "--port", "0", "--warm", "0")
    try:
        assert up.stdout.startswith("localaws answers at http://127.0.0.1:")
        exports = dict(
            line.removeprefix("export ").split("=", 1) for line in localaws("env", *home).stdout.splitlines()
        )
        assert exports["AWS_ENDPOINT_URL"] in localaws("status", *home).stdout
    finally:
        down = localaws("down", *home)
    assert (down.returncode, down.stdout[:28]) == (0, "stopped the server with pid ")
    assert localaws("status", *home).returncode == 3


def test_it_stops_although_a_client_no_longer_reads(tmp_path: Path) -> None:
    with running(tmp_path) as aws:
        aws.client("s3").create_bucket(Bucket="large")
        aws.client("s3").put_object(Bucket="large", Key="k", Body=b"x" * 50_000_000)
        url = aws.client("s3").generate_presigned_url("get_object", Params={"Bucket": "large", "Key": "k"})
        with urllib.request.urlopen(url) as answer:
            answer.read(1000)
            assert localaws("down", "--home", str(tmp_path)).returncode == 0


def test_the_connections_of_many_clients_are_kept(tmp_path: Path) -> None:
    with running(tmp_path) as aws:
        clients = [aws.client("s3") for _ in range(30)]
        for client in clients:
            client.list_buckets()
        port = int(aws.endpoint.rpartition(":")[2])
        connections = [
            connection
            for connection in psutil.Process(aws.pid).net_connections()
            if connection.laddr.port == port and connection.raddr
        ]
        assert len(connections) == len(clients)
