"""Messages of the demo: the world that it reads, the cost of a run, the reason for a failed task."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from demo.airflow import Airflow, AirflowError
from demo.figures import Step
from demo.world import WorldError, world_from


def test_the_world_is_synthetic_a_folder_or_the_bank_itself(tmp_path: Path) -> None:
    (tmp_path / "complaints").mkdir()
    worlds = [world_from(given) for given in ({}, {"DATA": str(tmp_path)}, {"LIVE": "1"})]
    assert [(world.name, world.data, world.is_live) for world in worlds] == [
        ("synthetic", None, False),
        ("real", tmp_path.resolve(), False),
        ("live", None, True),
    ]


def test_a_folder_without_files_of_the_bank_is_refused() -> None:
    with pytest.raises(WorldError) as refused:
        world_from({"DATA": "nowhere"})
    assert str(refused.value) == "DATA=nowhere has no folder complaints/; give a folder of the central bank's files"


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


def test_an_airflow_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with pytest.raises(AirflowError, match=r"^GET http://127\.0\.0\.1:1/api/v2/dags/d/dagRuns/r was not answered: "):
        Airflow("http://127.0.0.1:1", tmp_path, "token").state("d", "r")
