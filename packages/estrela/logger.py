"""Log lines as JSON on standard output, one object a line: CloudWatch Logs Insights finds their fields by name."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TextIO

NAME = "estrela"
FACTS = "facts"


def event(message: str, /, **facts: object) -> None:
    """Log ``message`` with ``facts`` as fields of their own."""
    logging.getLogger(NAME).info(message, extra={FACTS: facts})


def warning(message: str, /, **facts: object) -> None:
    """As ``event``, for what a person should look at."""
    logging.getLogger(NAME).warning(message, extra={FACTS: facts})


def log_to(stream: TextIO | None = None, *, context: Mapping[str, object] | None = None) -> None:
    """Send Estrela's lines to ``stream`` (standard output), each with the fields of ``context``; call at an entry."""
    logger = logging.getLogger(NAME)
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonLines(context or {}))
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False


class JsonLines(logging.Formatter):
    """``time`` (UTC), ``level``, ``message``, the context's fields, then the line's own."""

    def __init__(self, context: Mapping[str, object]) -> None:
        super().__init__()
        self._context = dict(context)

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "message": record.getMessage(),
            **self._context,
            **getattr(record, FACTS, {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)
