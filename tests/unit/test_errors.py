"""The errors: their exact texts, their attributes, and that they survive pickling between processes."""

from __future__ import annotations

import pickle

import pytest

from estrela.errors import (
    MESSAGE_LIMIT,
    CheckFailure,
    DefinitionError,
    EstrelaError,
    ExtractError,
    JobDeadlineError,
    JobError,
    LoadError,
    QualityError,
    SettingsError,
    SourceChangedError,
    SourceRejectedError,
    SourceUnavailableError,
    TransformError,
)

EXAMPLES = {
    "dim_x.history: 'scd3' is not known; allowed: scd1, scd2": DefinitionError(
        "dim_x.history", "'scd3' is not known", ("scd1", "scd2")
    ),
    "--lake_bucket: is missing; give the bucket's name": SettingsError(
        "--lake_bucket", "is missing; give the bucket's name"
    ),
    "fees: timed out": SourceUnavailableError("fees", "timed out", status=504, retry_after=2.0),
    "fees: HTTP 400": SourceRejectedError("fees", "HTTP 400", status=400),
    "fees: f.csv: expected 14 columns, received 13 columns": SourceChangedError(
        "fees", "f.csv", expected="14 columns", received="13 columns"
    ),
    "fact_fees: boom": TransformError("fact_fees", "boom"),
    "fact_fees is not published: unique on id fails on 2 rows, for example 7, 9; "
    "not_null on name fails on 1 rows": QualityError(
        "fact_fees", [CheckFailure("unique", "id", 2, ("7", "9")), CheckFailure("not_null", "name", 1)]
    ),
    "dim_x: commit refused": LoadError("dim_x", "commit refused"),
    "Glue job etl, run jr_1, is FAILED: ValueError: boom; log: https://l": JobError(
        "etl", "jr_1", "FAILED", "ValueError: boom", "https://l"
    ),
    "Glue job etl, run jr_1, is RUNNING: Glue gave no message; log: https://l": JobDeadlineError(
        "etl", "jr_1", "RUNNING", "", "https://l"
    ),
}


@pytest.mark.parametrize(("text", "error"), EXAMPLES.items(), ids=lambda value: type(value).__name__)
def test_each_error_says_what_and_where(text: str, error: EstrelaError) -> None:
    assert str(error) == text


@pytest.mark.parametrize("error", EXAMPLES.values(), ids=lambda value: type(value).__name__)
def test_an_error_keeps_its_attributes_between_processes(error: EstrelaError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.__dict__.keys()) == (type(error), str(error), error.__dict__.keys())


def test_only_a_source_or_a_store_that_is_down_is_worth_a_retry() -> None:
    assert {type(error) for error in EXAMPLES.values() if error.retriable} == {SourceUnavailableError, LoadError}


def test_a_message_is_one_bounded_line() -> None:
    text = str(TransformError("t", "x\n" * 5000)) + str(ExtractError("s", "y" * 9000))
    assert "\n" not in text
    assert len(str(ExtractError("s", "y" * 9000))) == MESSAGE_LIMIT


def test_many_failures_are_one_error_that_lists_them() -> None:
    down, refused = SourceUnavailableError("fees", "timed out"), SourceRejectedError("fees", "HTTP 400", status=400)
    error = ExtractError.of("fees", [down, refused], asked=117, tolerated=1)
    assert str(error) == (
        "fees: 2 of 117 requests failed, at most 1 may fail; the answers that were received are stored. "
        "Failed: fees: timed out; fees: HTTP 400"
    )
    assert error.failures == (down, refused)


@pytest.mark.parametrize(("kinds", "retriable"), [("d", True), ("dr", False), ("r", False)])
def test_several_failures_are_retriable_when_each_of_them_is(kinds: str, retriable: bool) -> None:
    failures = {"d": SourceUnavailableError("s", "down"), "r": SourceRejectedError("s", "no", status=403)}
    assert ExtractError.of("s", [failures[kind] for kind in kinds], 9, 0).retriable is retriable
