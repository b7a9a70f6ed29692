"""HTTPS in addition to HTTP, with a private certificate authority, for clients that require HTTPS."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import SSLError

from localaws.certificates import ensure
from localaws.errors import StartError
from localaws.running import Running, launch, wait_until_ready


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    command = [sys.executable, "-m", "localaws", "certificate", str(folder), "--name", "localhost", "--name", "aws"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert said == f"{folder}: made ca.pem, server.pem, server-key.pem, truststore.p12\n"
    return folder


@pytest.fixture(scope="module")
def both(certificates: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str]]:
    """A server with HTTPS, and its HTTPS endpoint."""
    home, port = tmp_path_factory.mktemp("home"), free_port()
    files = ("--certificate", str(certificates / "server.pem"), "--private-key", str(certificates / "server-key.pem"))
    process = launch(home, "--port", "0", "--warm", "0", "--https-port", str(port), *files)
    try:
        record = wait_until_ready(process, home)
        yield Running(record.endpoint, record.region, home, record.pid), f"https://localhost:{port}"
    finally:
        process.terminate()
        assert process.wait(20) == 0


def test_both_ports_show_the_same_bytes(both: tuple[Running, str], certificates: Path) -> None:
    aws, https = both
    secure = aws.session().client("s3", endpoint_url=https, verify=str(certificates / "ca.pem"))
    secure.create_bucket(Bucket="lake")
    secure.put_object(Bucket="lake", Key="k", Body=b"x" * 3_000_000)
    assert aws.client("s3").get_object(Bucket="lake", Key="k")["Body"].read() == b"x" * 3_000_000
    assert secure.get_object(Bucket="lake", Key="k")["Body"].read() == b"x" * 3_000_000


def test_athena_answers_over_https(both: tuple[Running, str], certificates: Path) -> None:
    aws, https = both
    aws.client("s3").create_bucket(Bucket="results")
    athena = aws.session().client("athena", endpoint_url=https, verify=str(certificates / "ca.pem"))
    place = {"OutputLocation": "s3://results/"}
    query = athena.start_query_execution(QueryString="SELECT 1", ResultConfiguration=place)["QueryExecutionId"]
    state = "QUEUED"
    while state in ("QUEUED", "RUNNING"):
        state = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]["State"]
    rows = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
    assert rows[1] == {"Data": [{"VarCharValue": "1"}]}


def test_a_client_without_the_authority_refuses_the_certificate(both: tuple[Running, str]) -> None:
    once = Config(retries={"total_max_attempts": 1})
    session = boto3.session.Session("localaws", "localaws", region_name="us-east-1")
    with pytest.raises(SSLError):
        session.client("s3", endpoint_url=both[1], config=once, verify=True).list_buckets()


def test_certificates_are_reused_only_for_the_same_names(tmp_path: Path) -> None:
    assert ensure(tmp_path, ["aws"])
    first = (tmp_path / "server.pem").read_bytes()
    assert not ensure(tmp_path, ["aws"])
    assert (tmp_path / "server.pem").read_bytes() == first
    assert ensure(tmp_path, ["aws", "localhost"])
    assert (tmp_path / "server.pem").read_bytes() != first
    assert (tmp_path / "server-key.pem").stat().st_mode & 0o777 == 0o600


def test_java_reads_the_truststore(certificates: Path) -> None:
    keytool = shutil.which("keytool")
    if not keytool:
        pytest.skip("NO keytool: install a Java runtime to have Java read the truststore")
    command = [keytool, "-list", "-keystore", str(certificates / "truststore.p12"), "-storepass", "changeit"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert "localaws" in listed
    assert "trustedCertEntry" in listed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "localaws: an HTTPS port needs a certificate and its private key; make them with 'localaws certificate'"),
        (["--certificate", "none.pem", "--private-key", "none"], "none.pem with none cannot be used: .*No such file"),
    ],
)
def test_https_without_its_files_is_refused(tmp_path: Path, options: list[str], message: str) -> None:
    process = launch(tmp_path, "--port", "0", "--https-port", "0", *options)
    with pytest.raises(StartError, match=message):
        wait_until_ready(process, tmp_path)
