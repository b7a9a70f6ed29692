"""Log lines as JSON, one object per line, so that CloudWatch Logs Insights can query their fields by name."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TextIO

NAME = "estrela"
FIELDS = "fields"


@dataclass(frozen=True)
class Logger:
    """Logs events with fields; ``context`` is added to each event.

    Events go through Python's logging. An entry point sets their destination with :meth:`to`; elsewhere, as in an
    Airflow task, the handlers of that process receive them.
    """

    context: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def to(cls, stream: TextIO | None = None, **context: object) -> Logger:
        """Send all events of this process to ``stream`` (default: standard output) as JSON, with the fields of
        ``context``.
        """
        handler = logging.StreamHandler(stream or sys.stdout)
        handler.setFormatter(JsonLines(context))
        logger = logging.getLogger(NAME)
        logger.handlers = [handler]
        logger.setLevel(logging.INFO)
        logger.propagate = False
        return cls()

    def bind(self, **context: object) -> Logger:
        """Return a logger that adds ``context`` to each event."""
        return Logger({**self.context, **context})

    def event(self, message: str, /, **fields: object) -> None:
        """Log ``message`` with ``fields``."""
        self._log(logging.INFO, message, fields)

    def warning(self, message: str, /, **fields: object) -> None:
        """Log ``message`` as a warning, for something that a person should check."""
        self._log(logging.WARNING, message, fields)

    def _log(self, level: int, message: str, fields: Mapping[str, object]) -> None:
        logging.getLogger(NAME).log(level, message, extra={FIELDS: {**self.context, **fields}})


class JsonLines(logging.Formatter):
    """Formats ``time`` (UTC), ``level``, ``message``, the fields of ``context``, then those of the event."""

    def __init__(self, context: Mapping[str, object]) -> None:
        super().__init__()
        self._context = dict(context)

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "message": record.getMessage(),
            **self._context,
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)
