"""The failure of a step, encoded so that it can be recovered from the error message of a Glue run."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

MARKER = "estrela-failure"
PATTERN = re.compile(MARKER + r' \{"error": "(\w+)", "retriable": (true|false)\}')


@dataclass(frozen=True)
class Failure:
    """Class name of the error that ended a step, and a flag that a retry of the step may succeed."""

    error: str
    retriable: bool

    def __str__(self) -> str:
        """Return the marker that :func:`failure_in` finds: ``estrela-failure {"error": ..., "retriable": ...}``."""
        return f"{MARKER} {json.dumps({'error': self.error, 'retriable': self.retriable})}"


def failure_in(message: str) -> Failure | None:
    """Return the failure encoded in an error message; None if the process died before it could report one."""
    match = PATTERN.search(message)
    return Failure(match[1], match[2] == "true") if match else None


def readable(message: str) -> str:
    """Return the message with the marker replaced by the name of the error."""
    return PATTERN.sub(r"\1", message)
