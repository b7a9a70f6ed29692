"""Messages of the demo: the world that it reads, the cost of a run, the reason for a failed task."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import boto3
import pytest
from moto import mock_aws

from demo.airflow import Airflow, AirflowError
from demo.figures import Step
from demo.landing import deliver
from demo.world import WorldError, source_host, world_from
from estrela.errors import SettingsError


def test_the_world_is_synthetic_a_folder_or_the_bank_itself(tmp_path: Path) -> None:
    (tmp_path / "complaints").mkdir()
    worlds = [world_from(given) for given in ({}, {"DATA": str(tmp_path)}, {"LIVE": "1"})]
    assert [(world.name, world.data, world.has_mirror) for world in worlds] == [
        ("synthetic", None, True),
        ("real", tmp_path.resolve(), True),
        ("live", None, False),
    ]


def test_any_star_runs_on_files_of_a_folder_and_a_service_of_its_author(tmp_path: Path) -> None:
    (tmp_path / "landing" / "north").mkdir(parents=True)
    (tmp_path / "landing" / "north" / "1.csv").write_bytes(b"a")
    given = {"STAR": "shops", "DATA": str(tmp_path), "SOURCE_HOST": "http://127.0.0.1:9000"}
    world = world_from(given)
    with source_host(world, tmp_path / "mirror.log") as host:
        assert host == "http://127.0.0.1:9000#own-shops"
    with source_host(world_from({**given, "SOURCE_HOST": ""}), tmp_path / "mirror.log") as host:
        assert host == ""
    assert world.doc == f"files in {tmp_path} and http://127.0.0.1:9000"
    with mock_aws():
        s3 = boto3.client("s3", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        s3.create_bucket(Bucket="lake")
        assert deliver(s3, "lake", "shops", world.files) == 1
        assert s3.get_object(Bucket="lake", Key="landing/north/1.csv")["Body"].read() == b"a"
    with pytest.raises(SettingsError, match=r"--source_host: 'http://bank\.example#own-shops' is not the"):
        world_from({**given, "SOURCE_HOST": "http://bank.example"})
    with pytest.raises(WorldError) as refused:
        world_from({**given, "DATA": "nowhere"})
    assert str(refused.value) == ("DATA=nowhere is not a folder; set one with files for the lake's bucket")


def test_a_folder_without_files_of_the_bank_is_refused() -> None:
    with pytest.raises(WorldError) as refused:
        world_from({"DATA": "nowhere"})
    assert str(refused.value) == "DATA=nowhere has no folder complaints/; set a folder of the central bank's files"


@pytest.mark.parametrize(
    ("seconds", "dpus", "kind", "dollars"),
    [
        (6, 2.0, "STANDARD", 60 * 2 * 0.44 / 3600),
        (90, 2.0, "STANDARD", 90 * 2 * 0.44 / 3600),
        (6, 2.0, "FLEX", 60 * 2 * 0.29 / 3600),
        (0, 0.0, "STANDARD", 0.0),
    ],
)
def test_glue_bills_a_minute_at_least_and_nothing_for_other_tasks(
    seconds: int, dpus: float, kind: str, dollars: float
) -> None:
    assert Step("star", "success", 7.0, seconds, dpus, kind).dollars == pytest.approx(dollars)


def test_why_a_task_failed_comes_from_its_newest_log(tmp_path: Path) -> None:
    folder = tmp_path / "logs" / "dag_id=d" / "run_id=r" / "task_id=t"
    folder.mkdir(parents=True)
    for attempt, text in ((1, "first"), (2, "Glue job estrela is FAILED")):
        lines = [{"event": "start"}, {"event": "Task failed", "error_detail": [{"exc_value": text}]}]
        (folder / f"attempt={attempt}.log").write_text("\n".join(json.dumps(line) for line in lines))
    said = Airflow("http://127.0.0.1:1", tmp_path, "token").reason("d", "r", "t")
    assert said == f"Glue job estrela is FAILED (log: {folder / 'attempt=2.log'})"


class HangUp(BaseHTTPRequestHandler):
    """Ends every second connection without an answer, as a server does whose worker was killed."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.command)
        if len(self.asked) % 2:
            self.close_connection = True
            return
        body = b'{"state": "running", "dag_run_id": "r"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_PATCH = do_GET

    def log_message(self, *_: object) -> None:
        """Write nothing."""


def test_airflow_is_asked_again_only_for_what_is_read(tmp_path: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), HangUp) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        flow = Airflow(url, tmp_path, "token")
        assert flow.state("d", "r") == "running"
        with pytest.raises(AirflowError, match=rf"^PATCH {url}/api/v2/dags/d was not answered: "):
            flow.trigger("d", {})
        server.shutdown()
    assert HangUp.asked == ["GET", "GET", "PATCH"]


def test_an_airflow_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with pytest.raises(AirflowError, match=r"^GET http://127\.0\.0\.1:1/api/v2/dags/d/dagRuns/r was not answered: "):
        Airflow("http://127.0.0.1:1", tmp_path, "token").state("d", "r")
