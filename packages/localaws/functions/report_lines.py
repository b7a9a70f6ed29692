"""The log lines that Lambda adds before and after those of a function, as text or as JSON."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Measured:
    """Resource use of one invocation: times in seconds, peak memory in bytes; ``init`` is 0 in a warm environment."""

    duration: float
    init: float
    memory: int
    peak: int
    status: str = ""
    error_type: str = ""


def runtime_version_arn(runtime: str, region: str) -> str:
    """Return the ARN of a runtime's version."""
    return f"arn:aws:lambda:{region}::runtime:{hashlib.sha256(runtime.encode()).hexdigest()}"


class Lines:
    """Log lines of one invocation, in JSON with ``as_json`` (the format in LoggingConfig)."""

    def __init__(self, request_id: str, version: str, *, as_json: bool) -> None:
        self._request_id = request_id
        self._version = version
        self._as_json = as_json

    def init_start(self, runtime: str, region: str) -> str:
        """Return the line before a new environment loads the handler."""
        name, arn = f"{runtime.replace('python', 'python:')}.v1", runtime_version_arn(runtime, region)
        if self._as_json:
            record = {"initializationType": "on-demand", "phase": "init", "runtimeVersion": name}
            return _event("platform.initStart", {**record, "runtimeVersionArn": arn})
        return f"INIT_START Runtime Version: {name}\tRuntime Version ARN: {arn}\n"

    def start(self) -> str:
        """Return the line before the handler is called."""
        if self._as_json:
            return _event("platform.start", {"requestId": self._request_id, "version": self._version})
        return f"START RequestId: {self._request_id} Version: {self._version}\n"

    def timed_out(self, seconds: float) -> str:
        """Return the line of a timeout."""
        return f"{_now()} {self._request_id} Task timed out after {seconds:.2f} seconds\n\n"

    def end(self, measured: Measured) -> list[str]:
        """Return the lines after the handler returned, or the environment ended."""
        duration, used = measured.duration * 1000, math.ceil(measured.peak / _MEGABYTE)
        billed = math.ceil((measured.duration + measured.init) * 1000)
        if self._as_json:
            metrics: dict[str, Any] = {
                "durationMs": round(duration, 3), "billedDurationMs": billed,
                "memorySizeMB": measured.memory, "maxMemoryUsedMB": used,
            }  # fmt: skip
            metrics |= {"initDurationMs": round(measured.init * 1000, 3)} if measured.init else {}
            record = {"requestId": self._request_id, "metrics": metrics, "status": measured.status or "success"}
            record |= {"errorType": measured.error_type} if measured.error_type else {}
            return [_event("platform.report", record)]
        fields = [
            f"REPORT RequestId: {self._request_id}",
            f"Duration: {duration:.2f} ms",
            f"Billed Duration: {billed} ms",
            f"Memory Size: {measured.memory} MB",
            f"Max Memory Used: {used} MB",
        ]
        fields += [f"Init Duration: {measured.init * 1000:.2f} ms"] if measured.init else []
        fields += [f"Status: {measured.status}"] if measured.status else []
        fields += [f"Error Type: {measured.error_type}"] if measured.error_type else []
        return [f"END RequestId: {self._request_id}\n", "\t".join(fields) + "\t\n"]


def _event(kind: str, record: dict[str, Any]) -> str:
    return json.dumps({"time": _now(), "type": kind, "record": record})


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
