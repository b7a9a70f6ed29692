"""What ended a step, classified once, at the entry of a run."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from estrela.errors import EstrelaError, StepError
from estrela.etl.spark_fault import error_of
from estrela.failure import Failure
from estrela.hooks.aws_fault import is_transient

PASSING = (OSError, MemoryError, EOFError, TimeoutError)


def step_error(step: str, error: Exception) -> StepError:
    """Return the error to end the run of ``step`` with: its message starts with the marker of a Failure.

    Connections, memory, AWS and Spark faults that may pass are retriable; any other Python exception is a fault of
    the code, which a retry repeats.
    """
    known = _known(step, error)
    problem = str(known) if isinstance(known, EstrelaError) else f"{type(known).__name__}: {known}"
    return StepError(Failure(type(known).__name__, _is_retriable(known)), problem)


def _known(step: str, error: Exception) -> Exception:
    """Return ``error``, or the EstrelaError for an error of Spark that no step expected."""
    module = type(error).__module__.partition(".")[0]
    return error_of(step, error) if module in ("pyspark", "py4j") else error


def _is_retriable(error: Exception) -> bool:
    if isinstance(error, EstrelaError):
        return error.retriable
    if isinstance(error, ClientError | BotoCoreError):
        return is_transient(error)
    return isinstance(error, PASSING)
