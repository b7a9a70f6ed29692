"""The failure of a step, classified once, at the entry point of a run."""

from __future__ import annotations

import traceback
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from estrela.errors import EstrelaError, StepError
from estrela.etl.spark_fault import WITHHELD, error_of
from estrela.failure import Failure
from estrela.hooks.aws_fault import is_transient

PASSING = (OSError, MemoryError, EOFError, TimeoutError)


def step_error(step: str, error: Exception, *, is_sensitive: bool = False) -> StepError:
    """Return the error that ends the run of ``step``; its message starts with the marker of a Failure.

    Transient errors of connections, memory, AWS and Spark are retriable. Any other Python exception is a bug, which a
    retry would repeat. With ``is_sensitive``, texts that may quote rows are withheld.
    """
    known = _known(step, error, is_sensitive)
    return StepError(Failure(type(known).__name__, _is_retriable(known)), _problem(known, is_sensitive))


def _problem(error: Exception, is_sensitive: bool) -> str:
    if isinstance(error, EstrelaError):
        return str(error)
    is_of_code = not isinstance(error, ClientError | BotoCoreError | OSError)
    return f"{type(error).__name__}: {_place(error) + WITHHELD if is_sensitive and is_of_code else error}"


def _place(error: Exception) -> str:
    """Return the file and line that raised ``error``, or "" if it was never raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}, line {frames[-1].lineno} " if frames else ""


def _known(step: str, error: Exception, is_sensitive: bool) -> Exception:
    """Return ``error``, or an EstrelaError in place of an unexpected error of Spark."""
    module = type(error).__module__.partition(".")[0]
    return error_of(step, error, is_sensitive=is_sensitive) if module in ("pyspark", "py4j") else error


def _is_retriable(error: Exception) -> bool:
    if isinstance(error, EstrelaError):
        return error.retriable
    if isinstance(error, ClientError | BotoCoreError):
        return is_transient(error)
    return isinstance(error, PASSING)
