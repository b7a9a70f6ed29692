"""LoggingConfig: lines as JSON above a log level, in a log group of the user's choice."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.functions.function_logs import FunctionLogs

CODE = """
    import logging
    def handler(event, context):
        logging.warning("hidden")
        logging.error("read %s", "x")
        print("plain")
        raise ValueError("no such bank")
"""


def test_lines_are_json_from_a_level_on_in_a_group_of_their_own(functions: Any) -> None:
    config = {"LogFormat": "JSON", "LogGroup": "/banks/json", "ApplicationLogLevel": "ERROR"}
    name = functions.create(CODE, LoggingConfig=config)
    functions.invoke(name)
    events = functions.logs.filter_log_events(logGroupName="/banks/json")["events"]
    texts = [event["message"].strip() for event in events]
    assert "plain" in texts
    lines = [json.loads(text) for text in texts if text != "plain"]
    kinds = [line.get("type") or line["level"] for line in lines]
    assert kinds == ["platform.initStart", "platform.start", "ERROR", "ERROR", "platform.report"]
    assert lines[2]["message"] == "read x"
    assert (lines[3]["errorType"], lines[3]["errorMessage"]) == ("ValueError", "no such bank")
    ids = {line["requestId"] for line in lines[2:4]} | {line["record"]["requestId"] for line in (lines[1], lines[4])}
    assert len(ids) == 1
    with pytest.raises(ClientError):
        functions.lines(name)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"ApplicationLogLevel": "WARN"},
         "To use ApplicationLogLevel or SystemLogLevel, you must set LogFormat to JSON."),
        ({"LogFormat": "JSON", "SystemLogLevel": "DEBUG"},
         "localaws does not support LoggingConfig.SystemLogLevel DEBUG: system logs are always written at level INFO"),
    ],
)  # fmt: skip
def test_log_settings_that_are_refused(functions: Any, config: dict[str, str], message: str) -> None:
    with pytest.raises(ClientError) as error:
        functions.create(CODE, LoggingConfig=config)
    assert error.value.response["Error"]["Message"] == message


def test_what_is_written_during_a_save_is_stored_at_the_end() -> None:
    written, stored, saving, go_on = list[str](), list[str](), threading.Event(), threading.Event()

    def save() -> None:
        stored[:] = written
        saving.set()
        go_on.wait(10)

    logs = FunctionLogs(save)
    for text in ("first", "second"):
        written.append(text)
        logs.write("123456789012", "us-east-1", "g", "s", [text])
        assert saving.wait(10)
    stopping = threading.Thread(target=logs.stop, daemon=True)
    stopping.start()
    assert logs._stopped.wait(10)
    go_on.set()
    stopping.join(10)
    assert not stopping.is_alive()
    assert stored == ["first", "second"]
