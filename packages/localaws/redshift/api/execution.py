"""The Data API's record of a statement, and of the statements of a batch."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

SUBMITTED, PICKED, STARTED, FINISHED, ABORTED, FAILED = (
    "SUBMITTED",
    "PICKED",
    "STARTED",
    "FINISHED",
    "ABORTED",
    "FAILED",
)
ENDED = frozenset({FINISHED, ABORTED, FAILED})
JSON, CSV = "JSON", "CSV"
TRANSACTION, AUTO_COMMIT = "TRANSACTION", "AUTO_COMMIT"


@dataclass
class Part:
    """One SQL text. Times are in seconds since the epoch; ``rows`` and ``size`` are -1 if there is no result set."""

    sql: str
    status: str = SUBMITTED
    error: str = ""
    created: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)
    started: float = 0.0
    ended: float = 0.0
    query_id: int = 0
    rows: int = -1
    size: int = -1
    columns: list[dict[str, Any]] = field(default_factory=list)

    @property
    def has_result(self) -> bool:
        return bool(self.columns)

    @property
    def duration(self) -> int:
        """Duration in nanoseconds; -1 before the start."""
        return int(((self.ended or time.time()) - self.started) * 1e9) if self.started else -1

    def move(self, status: str, error: str = "") -> None:
        self.status, self.error, self.updated = status, error, time.time()
        if status == STARTED:
            self.started = self.updated
        elif status in ENDED:
            self.ended = self.updated

    def as_response(self) -> dict[str, Any]:
        response: dict[str, Any] = {
            "Status": self.status,
            "CreatedAt": self.created,
            "UpdatedAt": self.updated,
            "Duration": self.duration,
            "HasResultSet": self.has_result,
            "ResultRows": self.rows,
            "ResultSize": self.size,
            "RedshiftQueryId": self.query_id,
            "QueryString": self.sql,
        }
        return response | ({"Error": self.error} if self.error else {})


@dataclass
class Execution:
    """One ExecuteStatement or BatchExecuteStatement. ``place`` are the request's parameters for the warehouse."""

    id: str
    parts: list[Part]
    whole: Part
    place: dict[str, str]
    is_batch: bool = False
    mode: str = TRANSACTION
    name: str = ""
    parameters: list[dict[str, str]] = field(default_factory=list)
    format: str = JSON
    token: str = ""
    session_id: str = ""
    pid: int = 0
    region: str = ""
    account: str = ""

    @property
    def has_result(self) -> bool:
        return any(part.has_result for part in self.parts)

    def accepted(self) -> dict[str, Any]:
        """The response to the request that started the execution."""
        response = {"Id": self.id, "CreatedAt": self.whole.created, "DbGroups": [], **self.place}
        return response | ({"SessionId": self.session_id} if self.session_id else {})

    def waited(self) -> dict[str, Any]:
        """Return the fields that WaitTimeSeconds adds to the response."""
        return {"Status": self.whole.status, "RedshiftPid": self.pid, "HasResultSet": self.has_result}

    def described(self, number: int) -> dict[str, Any]:
        """The response of DescribeStatement, for the whole (0) or for one statement of a batch."""
        part = self.parts[number - 1] if number else self.whole
        identity = f"{self.id}:{number}" if number else self.id
        response = part.as_response() | {
            "Id": identity,
            "RedshiftPid": self.pid,
            "ResultFormat": self.format,
            **self.place,
        }
        if self.session_id:
            response["SessionId"] = self.session_id
        if self.parameters:
            response["QueryParameters"] = self.parameters
        if self.is_batch and not number:
            response["HasResultSet"] = self.has_result
            response["ExecutionMode"] = self.mode
            del response["QueryString"]
            response["SubStatements"] = [
                part.as_response() | {"Id": f"{self.id}:{place}"} for place, part in enumerate(self.parts, 1)
            ]
        return response

    def listed(self) -> dict[str, Any]:
        """One entry of ListStatements."""
        entry: dict[str, Any] = {
            "Id": self.id,
            "Status": self.whole.status,
            "CreatedAt": self.whole.created,
            "UpdatedAt": self.whole.updated,
            "IsBatchStatement": self.is_batch,
            "ResultFormat": self.format,
        }
        entry |= (
            {"QueryStrings": [part.sql for part in self.parts]} if self.is_batch else {"QueryString": self.whole.sql}
        )
        optional = {"StatementName": self.name, "SessionId": self.session_id, "QueryParameters": self.parameters,
                    "SecretArn": self.place.get("SecretArn", "")}  # fmt: skip
        return entry | {name: value for name, value in optional.items() if value}
