"""Classification of Spark's errors as transient or final, by the classes, SQLSTATEs and AWS answers of their causes.

Message texts are ignored, because they quote data and change with every version.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from estrela.errors import EstrelaError, LoadError, TransformError
from estrela.hooks.aws_fault import is_transient_answer

DEEPEST = 20
"""Maximum number of causes followed; a longer chain has a cycle."""
SERVICE_ANSWERS = frozenset({"SdkServiceException", "AmazonServiceException"})
"""Exceptions for an answer of AWS, in versions 2 and 1 of its SDK for Java."""
PASSING = frozenset(
    {
        "CommitFailedException",
        "CommitStateUnknownException",
        "FetchFailedException",
        "IOException",
        "InterruptedException",
        "OutOfMemoryError",
        "SdkClientException",
        "AmazonClientException",
        "TimeoutException",
        "UncheckedIOException",
    }
)
"""Transient errors: connections, memory, lost shuffle files, and commits that another writer preceded."""
OF_ROWS_OR_CODE = frozenset(
    {
        "AnalysisException",
        "ArithmeticException",
        "ClassCastException",
        "ClassNotFoundException",
        "DateTimeException",
        "IllegalArgumentException",
        "IndexOutOfBoundsException",
        "LinkageError",
        "NullPointerException",
        "PythonException",
        "SparkUpgradeException",
        "UnsupportedOperationException",
    }
)
"""Errors that recur with the same rows and the same code."""
RAISED_BY_QUERY = "RuntimeException"
"""The class that Spark 3.5 throws for raise_error, as root cause and without further details."""
STATES_OF_ROWS_OR_CODE = ("0A", "21", "22", "23", "38", "39", "42", "46", "P0")
"""SQLSTATE classes: unsupported feature, cardinality, data, constraint, external routine, syntax or access
rule, raised by the query itself."""
CONDITION = re.compile(r"\[[A-Z][A-Z0-9_.]*\]")
"""Spark's name of an error at the start of a message, such as [CAST_INVALID_INPUT]."""
WITHHELD = "(text withheld: it may quote a sensitive value)"


@dataclass(frozen=True)
class Cause:
    """One exception of a chain: simple class names from its own up to Object, SQLSTATE ("" if none) and message.

    ``answer`` is the status and the error code of an AWS service, if the exception is its answer.
    """

    classes: tuple[str, ...]
    message: str
    sql_state: str = ""
    answer: tuple[int, str] | None = None

    @property
    def is_transient(self) -> bool | None:
        """Return whether a retry may help, or None if this exception does not determine it."""
        if self.answer:
            return is_transient_answer(*self.answer)
        if self.is_of_rows_or_code:
            return False
        return True if PASSING.intersection(self.classes) else None

    @property
    def may_quote_rows(self) -> bool:
        """Return whether the message may quote values. Only messages about plans, services and transport do not."""
        is_on_plan = "AnalysisException" in self.classes or self.sql_state.startswith("42")
        return not is_on_plan and self.is_transient is not True and self.answer is None

    @property
    def is_of_rows_or_code(self) -> bool:
        """Return whether the rows or the code caused the error, rather than the cluster or a service."""
        named = bool(OF_ROWS_OR_CODE.intersection(self.classes))
        return self.answer is None and (named or self.sql_state[:2] in STATES_OF_ROWS_OR_CODE)


def error_of(table: str, error: Exception, *, is_sensitive: bool) -> EstrelaError:
    """Return the error of ``table`` for an error of Spark or Py4J.

    If ``is_sensitive``, Spark's text about rows is withheld: it quotes them, and the error reaches logs and e-mails.

    Returns a TransformError if rows or code are the cause, else a LoadError, which is final only if a service refused
    the request. The exception nearest to the root that determines the kind decides. An error without such an exception,
    such as a stage aborted because executors were lost, counts as transient: retries are bounded, whereas an error
    wrongly classified as final needs a person.
    """
    causes = list(causes_of(error))
    root = causes[-1] if causes else None
    telling = next((cause for cause in reversed(causes) if cause.is_transient is not None), None)
    reason = _reason(telling or root, error, is_sensitive)
    if telling.is_of_rows_or_code if telling else root and root.classes[0] == RAISED_BY_QUERY:
        return TransformError(table, reason)
    return LoadError(table, reason, retriable=telling is None or bool(telling.is_transient))


def has_cause(error: Exception, *classes: str) -> bool:
    """Return whether the chain of causes has an exception with one of these simple class names."""
    return any(not set(classes).isdisjoint(cause.classes) for cause in causes_of(error))


def causes_of(error: Exception) -> Iterator[Cause]:
    """Yield the Java exceptions behind an error of Spark or Py4J, outermost first, or none if the JVM is gone."""
    throwable = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    if throwable is None and type(error).__name__ == "PythonException":
        yield Cause(("PythonException",), str(error))
    for _ in range(DEEPEST):
        if throwable is None:
            return
        yield _cause(throwable)
        throwable = throwable.getCause()


def _cause(throwable: Any) -> Cause:
    classes = tuple(_class_names(throwable.getClass()))
    message = str(throwable.getMessage() or "")
    state = str(throwable.getSqlState() or "") if _has_method(throwable, "getSqlState") else ""
    answer = _answer(throwable) if SERVICE_ANSWERS.intersection(classes) else None
    return Cause(classes, message, state, answer)


def _class_names(java_class: Any) -> Iterator[str]:
    while java_class is not None:
        yield str(java_class.getSimpleName())
        java_class = java_class.getSuperclass()


def _answer(throwable: Any) -> tuple[int, str]:
    if _has_method(throwable, "getStatusCode"):
        return int(throwable.getStatusCode()), str(throwable.getErrorCode())
    details = throwable.awsErrorDetails() if _has_method(throwable, "awsErrorDetails") else None
    return int(throwable.statusCode()), str(details.errorCode()) if details is not None else ""


def _has_method(throwable: Any, name: str) -> bool:
    return any(method.getName() == name for method in throwable.getClass().getMethods())


def _reason(cause: Cause | None, error: Exception, is_sensitive: bool) -> str:
    name, message = (cause.classes[0], cause.message) if cause else (type(error).__name__, str(error))
    if not is_sensitive or (cause and not cause.may_quote_rows):
        return f"{name}: {message}"
    condition = CONDITION.match(message)
    return f"{name}: {condition[0] + ' ' if condition else ''}{WITHHELD}"
