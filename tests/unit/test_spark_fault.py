"""Spark's errors, classified by their chain of causes, with fakes of Java exceptions as Py4J represents them."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estrela.errors import LoadError, TransformError
from estrela.etl import spark_fault
from estrela.etl.spark_fault import has_cause

error_of = partial(spark_fault.error_of, is_sensitive=False)

JOB_ABORTED = "Job aborted due to stage failure: Task 3 in stage 7.0 failed 4 times"


def throwable(*classes: str, message: str = "boom", cause: Any = None, **methods: object) -> Any:
    """Return a Java exception: its simple class names up the tree, and methods with one return value each."""
    java_class: Any = None
    for name in reversed(classes):
        listed = [SimpleNamespace(getName=lambda method=method: method) for method in methods]
        java_class = SimpleNamespace(
            getSimpleName=lambda name=name: name,
            getSuperclass=lambda parent=java_class: parent,
            getMethods=lambda listed=listed: listed,
        )
    calls = {name: lambda value=value: value for name, value in methods.items()}
    return SimpleNamespace(getClass=lambda: java_class, getMessage=lambda: message, getCause=lambda: cause, **calls)


def error(java_exception: Any) -> Any:
    raised: Any = Exception("An error occurred while calling o123.append")
    raised.java_exception = java_exception
    return raised


def aborted(cause: Any = None) -> Any:
    return throwable("SparkException", "Exception", message=JOB_ABORTED, cause=cause, getSqlState=None)


def sdk_answer(status: int, code: str) -> Any:
    details = SimpleNamespace(errorCode=lambda: code)
    names = ("S3Exception", "AwsServiceException", "SdkServiceException", "SdkException", "RuntimeException")
    return throwable(*names, message=code, statusCode=status, awsErrorDetails=details)


def old_sdk_answer(status: int, code: str) -> Any:
    names = ("AmazonS3Exception", "AmazonServiceException", "SdkClientException", "AmazonClientException")
    return throwable(*names, message=code, getStatusCode=status, getErrorCode=code)


@pytest.mark.parametrize(
    ("chain", "reason"),
    [
        (aborted(), f"SparkException: {JOB_ABORTED}"),
        (aborted(sdk_answer(503, "SlowDown")), "S3Exception: SlowDown"),
        (aborted(sdk_answer(400, "ThrottlingException")), "S3Exception: ThrottlingException"),
        (aborted(old_sdk_answer(500, "InternalError")), "AmazonS3Exception: InternalError"),
        (throwable("CommitStateUnknownException", cause=throwable("TimeoutException")), "TimeoutException: boom"),
        (aborted(throwable("SparkOutOfMemoryError", "OutOfMemoryError")), "SparkOutOfMemoryError: boom"),
        (aborted(throwable("SocketTimeoutException", "InterruptedIOException", "IOException")),
         "SocketTimeoutException: boom"),
        (throwable("AnalysisException", cause=throwable("ConnectException", "IOException")), "ConnectException: boom"),
    ],
)  # fmt: skip
def test_a_fault_of_the_cluster_or_a_service_is_retriable(chain: Any, reason: str) -> None:
    fault = error_of("estrela_ops.files", error(chain))
    assert isinstance(fault, LoadError)
    assert (fault.retriable, str(fault)) == (True, f"estrela_ops.files: {reason}")


@pytest.mark.parametrize(
    "root",
    [
        throwable("SparkArithmeticException", "ArithmeticException"),
        throwable("SparkRuntimeException", "RuntimeException", getSqlState="22023"),
        throwable("ExtendedAnalysisException", "AnalysisException", getSqlState="42703"),
        throwable("SparkUpgradeException", "RuntimeException"),
        throwable("PythonException", "RuntimeException"),
        throwable("NullPointerException", "RuntimeException"),
        throwable("RuntimeException", "Exception", message="raised by the query"),
    ],
)
def test_a_fault_of_the_rows_or_the_code_is_final(root: Any) -> None:
    fault = error_of("estrela_ops.files", error(aborted(throwable("SparkException", getSqlState="58030", cause=root))))
    assert isinstance(fault, TransformError)
    assert not fault.retriable


@pytest.mark.parametrize(
    "name",
    ["CommitFailedException", "CommitStateUnknownException", "FetchFailedException", "IOException",
     "InterruptedException", "OutOfMemoryError", "SdkClientException", "AmazonClientException", "TimeoutException",
     "UncheckedIOException"],
)  # fmt: skip
def test_what_may_pass_decides_over_what_it_led_to(name: str) -> None:
    """The exception around it, taken alone, would be final."""
    assert error_of("files", error(throwable("SparkException", getSqlState="22023", cause=throwable(name)))).retriable


@pytest.mark.parametrize(
    "name",
    ["AnalysisException", "ArithmeticException", "ClassCastException", "ClassNotFoundException", "DateTimeException",
     "IllegalArgumentException", "IndexOutOfBoundsException", "LinkageError", "NullPointerException", "PythonException",
     "SparkUpgradeException", "UnsupportedOperationException"],
)  # fmt: skip
def test_what_rows_or_code_raise_decides_over_what_it_led_to(name: str) -> None:
    assert not error_of("files", error(throwable("TimeoutException", cause=throwable(name)))).retriable


def test_a_request_that_a_service_refuses_is_final_and_no_fault_of_the_rows() -> None:
    fault = error_of("estrela_ops.files", error(aborted(sdk_answer(403, "AccessDenied"))))
    assert isinstance(fault, LoadError)
    assert (fault.retriable, str(fault)) == (False, "estrela_ops.files: S3Exception: AccessDenied")


def test_a_lost_jvm_is_retriable() -> None:
    fault = error_of("estrela_ops.files", ConnectionRefusedError("[Errno 111] Connection refused"))
    assert (fault.retriable, str(fault)) == (
        True,
        "estrela_ops.files: ConnectionRefusedError: [Errno 111] Connection refused",
    )


@given(st.text())
def test_the_text_of_a_message_does_not_affect_its_classification(words: str) -> None:
    text = f"{words} CommitFailedException Job aborted QualityError AnalysisException"
    chain = throwable("SparkException", message=text)
    assert error_of("t", error(chain)).retriable
    assert not has_cause(error(chain), "CommitFailedException")


def test_a_cause_is_found_by_its_class_or_that_of_a_parent() -> None:
    chain = aborted(throwable("CommitFailedException", "CleanableFailure", cause=throwable("IOException")))
    assert has_cause(error(chain), "CommitFailedException", "AlreadyExistsException")
    assert has_cause(error(chain), "CleanableFailure")
    assert not has_cause(error(chain), "AlreadyExistsException")


def test_a_chain_that_refers_to_itself_ends() -> None:
    loop = throwable("SparkException")
    loop.getCause = lambda: loop
    assert error_of("t", error(loop)).retriable
