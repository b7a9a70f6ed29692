"""One query execution."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED = "QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"
FINAL = frozenset({SUCCEEDED, FAILED, CANCELLED})


@dataclass
class Execution:
    """Athena's record of a query. Times are seconds since the epoch, durations milliseconds, sizes bytes."""

    id: str
    query: str
    statement_type: str
    substatement_type: str
    workgroup: str
    database: str
    catalog: str
    result_configuration: dict[str, Any]
    parameters: list[str] = field(default_factory=list)
    token: str = ""
    state: str = QUEUED
    reason: str = ""
    error: dict[str, Any] = field(default_factory=dict)
    submitted: float = field(default_factory=time.time)
    started: float = 0.0
    planned: float = 0.0
    completed: float = 0.0
    scanned: int = 0
    manifest: str = ""
    columns: list[dict[str, Any]] = field(default_factory=list)
    rows: int = 0
    update_count: int | None = None
    engine_version: str = "Athena engine version 3"
    managed: bool = False
    reuse_minutes: int | None = None
    reused: bool = False

    @property
    def output_location(self) -> str:
        return str(self.result_configuration.get("OutputLocation", ""))

    def as_response(self) -> dict[str, Any]:
        """The ``QueryExecution`` structure of the API."""
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.submitted}
        if self.completed:
            status["CompletionDateTime"] = self.completed
        if self.reason:
            status["StateChangeReason"] = self.reason
        if self.error:
            status["AthenaError"] = self.error
        response = {
            "QueryExecutionId": self.id,
            "Query": self.query,
            "StatementType": self.statement_type,
            "SubstatementType": self.substatement_type,
            "ResultConfiguration": {} if self.managed else self.result_configuration,
            "ManagedQueryResultsConfiguration": {"Enabled": self.managed},
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": self._reuse()},
            "QueryExecutionContext": {"Database": self.database, "Catalog": self.catalog},
            "Status": status,
            "Statistics": self.statistics(),
            "WorkGroup": self.workgroup,
            "EngineVersion": {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": self.engine_version},
        }
        return response | ({"ExecutionParameters": self.parameters} if self.parameters else {})

    def take_over(self, earlier: Execution) -> None:
        """Succeed immediately with the rows of an earlier execution."""
        self.started = self.completed = time.time()
        self.result_configuration = self.result_configuration | {"OutputLocation": earlier.output_location}
        self.columns, self.rows, self.update_count = earlier.columns, earlier.rows, earlier.update_count
        self.reused, self.state = True, SUCCEEDED

    def _reuse(self) -> dict[str, Any]:
        if self.reuse_minutes is None:
            return {"Enabled": False}
        return {"Enabled": True, "MaxAgeInMinutes": self.reuse_minutes}

    def statistics(self) -> dict[str, Any]:
        """The ``Statistics`` of the API; a query that has not finished shows the time so far."""
        statistics = self.timeline() | {
            "DataScannedInBytes": self.scanned,
            "ResultReuseInformation": {"ReusedPreviousResult": self.reused},
        }
        return statistics | ({"DataManifestLocation": self.manifest} if self.manifest else {})

    def timeline(self) -> dict[str, Any]:
        end = self.completed or time.time()
        started = self.started or end
        return {
            "EngineExecutionTimeInMillis": _milliseconds(end - started),
            "TotalExecutionTimeInMillis": _milliseconds(end - self.submitted),
            "QueryQueueTimeInMillis": _milliseconds(started - self.submitted),
            "QueryPlanningTimeInMillis": _milliseconds((self.planned or started) - started),
            "ServicePreProcessingTimeInMillis": 0,
            "ServiceProcessingTimeInMillis": 0,
        }

    def runtime_statistics(self) -> dict[str, Any]:
        """The ``QueryRuntimeStatistics`` of the API: one stage, as the whole query runs in one."""
        rows = {"InputRows": 0, "InputBytes": self.scanned, "OutputRows": self.rows, "OutputBytes": 0}
        stage = rows | {
            "StageId": 0,
            "State": "FINISHED" if self.state == SUCCEEDED else self.state,
            "ExecutionTime": self.timeline()["EngineExecutionTimeInMillis"],
        }
        return {"Timeline": self.timeline(), "Rows": rows, "OutputStage": stage}


def _milliseconds(seconds: float) -> int:
    return max(0, round(seconds * 1000))
