"""The failure of a step is passed as a marker from the job to the task that waits for its run."""

from __future__ import annotations

import re
import traceback
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from hypothesis import given
from hypothesis import strategies as st

from estrela.errors import LoadError, SourceUnavailableError, StepError, TransformError
from estrela.etl.step_failure import step_error
from estrela.etl_factory import ETLFactory
from estrela.failure import Failure, failure_in, readable
from estrela.model.star import load


def answer(code: str, status: int = 400) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "PutObject")


@pytest.mark.parametrize(
    ("error", "name", "retriable"),
    [
        (LoadError("files", "overtaken"), "LoadError", True),
        (LoadError("files", "refused", retriable=False), "LoadError", False),
        (TransformError("fees", "wrong rows"), "TransformError", False),
        (SourceUnavailableError("fees", "HTTP 503"), "SourceUnavailableError", True),
        (answer("SlowDown", 503), "ClientError", True),
        (answer("AccessDenied", 403), "ClientError", False),
        (answer("PreconditionFailed", 412), "ClientError", True),
        (EndpointConnectionError(endpoint_url="https://s3"), "EndpointConnectionError", True),
        (NoCredentialsError(), "NoCredentialsError", False),
        (ConnectionResetError(), "ConnectionResetError", True),
        (MemoryError(), "MemoryError", True),
        (KeyError("column"), "KeyError", False),
        (ValueError("boom"), "ValueError", False),
    ],
)
def test_an_error_is_classified_by_its_class_and_details(error: Exception, name: str, retriable: bool) -> None:
    failure = step_error("star", error)
    assert failure_in(f"Error Category: X; Failed Line Number: 3; StepError: {failure}") == Failure(name, retriable)


def test_an_error_of_spark_that_no_step_expected_is_classified_as_spark_faults_are() -> None:
    from py4j.protocol import Py4JNetworkError

    failure = step_error("star", Py4JNetworkError("Answer from Java side is empty"))
    assert str(failure) == (
        'estrela-failure {"error": "LoadError", "retriable": true}: '
        "star: Py4JNetworkError: Answer from Java side is empty"
    )


def test_a_step_that_cannot_be_built_states_why() -> None:
    with pytest.raises(StepError) as caught:
        ETLFactory.run(["--entity", "fees"], lambda: pytest.fail("asked for Spark"))
    assert str(caught.value).startswith('estrela-failure {"error": "SettingsError", "retriable": false}: --star: ')


def test_an_unexpected_error_names_the_step() -> None:
    from py4j.protocol import Py4JNetworkError

    def lost() -> Any:
        raise Py4JNetworkError("Answer from Java side is empty")

    argv = ["--star=banking", "--entity=banking", "--phase=star", "--lake=lake-1", "--run_key=day/star"]
    with pytest.raises(StepError) as caught:
        ETLFactory.run(argv, lost)
    assert str(caught.value) == (
        'estrela-failure {"error": "LoadError", "retriable": true}: '
        "star of banking.banking: Py4JNetworkError: Answer from Java side is empty"
    )


def test_a_star_with_sensitive_columns_ends_without_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    banking = load("banking")
    first, *others = banking.sources
    *columns, last = first.columns
    marked = replace(first, columns=(*columns, replace(last, sensitive=True)))
    monkeypatch.setattr("estrela.etl_factory.load", lambda _: replace(banking, sources=(marked, *others)))

    def fails() -> Any:
        raise ValueError("wrong number 4711")

    argv = ["--star=banking", "--entity=banking", "--phase=star", "--lake=lake-1", "--run_key=day/star"]
    with pytest.raises(StepError) as caught:
        ETLFactory.run(argv, fails)
    assert "4711" not in "".join(traceback.format_exception(caught.value))
    assert re.search(r"ValueError: test_step_failure.py, line \d+ \(text withheld", str(caught.value))


@given(st.sampled_from(["LoadError", "KeyError"]), st.booleans(), st.text(), st.text())
def test_a_marker_is_found_whatever_stands_around_it(name: str, retriable: bool, before: str, after: str) -> None:
    failure = Failure(name, retriable)
    assert failure_in(f"{before}{failure}{after}") == failure
    assert readable(f"{before}{failure}{after}") == f"{before}{name}{after}"


def test_a_message_without_a_marker_carries_no_failure() -> None:
    assert failure_in("Command failed with exit code 10; QualityError: fees") is None
    assert readable("Command failed with exit code 10") == "Command failed with exit code 10"
