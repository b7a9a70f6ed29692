"""Texts of a task: its figures, the command that prints its log, and the news."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from estrela.airflow.news import outcome
from estrela.hooks.glue_logs import GlueLogs, LogUnreadableError, aws_command, figures_in, log_command, sentence

DONE = {"time": "t", "level": "INFO", "message": "done", "step": "TransformAll", "root": "s3://lake"}
LINES = [
    "24/11/01 INFO SparkContext: Running Spark",
    json.dumps({**DONE, "rows_in": 1}),
    json.dumps({**DONE, "entity": "banking", "rows_in": 1234, "rows_loaded": 1230, "rows_rejected": 4}),
    json.dumps({"message": "warning"}),
    "[1, 2]",
]


def test_the_figures_of_a_step_are_those_of_its_last_event() -> None:
    figures = figures_in(LINES)
    assert figures == {"entity": "banking", "rows_in": 1234, "rows_loaded": 1230, "rows_rejected": 4}
    assert sentence(figures) == "rows in 1,234, loaded 1,230, rejected 4"
    published = {"release": 7, "published": ["banking_refined.dim_quarter", "banking_refined.fact_fees"]}
    assert (
        sentence(published) == "tables published 2 (banking_refined.dim_quarter, banking_refined.fact_fees), release 7"
    )
    assert sentence({"published": []}) == "tables published 0"
    assert figures_in([]) == {}


class Logs:
    def __init__(self, lines: list[str] | None) -> None:
        self.lines = lines

    def get_log_events(self, **asked: Any) -> Any:
        assert asked == {
            "logGroupName": "/aws-glue/jobs/output", "logStreamName": "jr_1", "startFromHead": False, "limit": 100,
        }  # fmt: skip
        if self.lines is None:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetLogEvents")
        return {"events": [{"message": line} for line in self.lines]}


def test_figures_come_from_the_log_of_the_run() -> None:
    assert GlueLogs(Logs(LINES)).figures("jr_1")["rows_in"] == 1234  # type: ignore[arg-type]
    with pytest.raises(LogUnreadableError) as refused:
        GlueLogs(Logs(None)).figures("jr_1")  # type: ignore[arg-type]
    assert str(refused.value) == (
        "log group /aws-glue/jobs/output, stream jr_1: An error occurred (AccessDeniedException) when calling the"
        " GetLogEvents operation: no"
    )


def test_a_log_command_can_be_pasted() -> None:
    tail = "logs tail /aws-glue/jobs/output --log-stream-names jr_1 --since 30d --format short --region eu-west-1"
    read = ("eu-west-1", "/aws-glue/jobs/output", "jr_1")
    assert log_command(*read, aws_command("https://glue.eu-west-1.amazonaws.com")) == f"aws {tail}"
    assert log_command(*read, aws_command("http://host:4566")) == f"aws --endpoint-url http://host:4566 {tail}"
    assert log_command(*read, "aws --profile reader") == f"aws --profile reader {tail}"


def test_the_text_of_news_says_what_is_new_or_that_nothing_is() -> None:
    assert outcome(False, [], full_refresh=False) == (
        "Nothing is new: files, code and release are the same as at the newest publish. The later steps are skipped"
        " and no table changes."
    )
    assert (
        outcome(True, ["complaints", "fees"], full_refresh=False)
        == "Changed since the newest publish: complaints, fees."
    )
    assert outcome(True, [], full_refresh=False) == (
        "The files are the same as at the newest publish, but the code or the release that readers see has changed."
    )
    assert outcome(True, ["fees"], full_refresh=True) == "Everything is rebuilt, because the run has full_refresh."
