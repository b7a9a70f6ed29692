"""Invocations: run a version with a payload and return the handler's answer."""

from __future__ import annotations

import base64
import json
import shutil
import signal
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localaws.functions.blueprints import Blueprints
from localaws.functions.environment import Blueprint, Environment, Outcome
from localaws.functions.function_logs import FunctionLogs, new_stream
from localaws.functions.names import Reference
from localaws.functions.pools import PoolKey, Pools
from localaws.functions.records import Records, Version
from localaws.functions.report_lines import Lines, Measured
from localaws.functions.runtime_api import Invocation

MAX_RESPONSE = 6_291_556
_TAIL = 4096
# Texts that mark log lines with file names of a function in a traceback.
_TRACEBACKS = ("[ERROR]", "Traceback (most recent call last)", '"stackTrace"')


@dataclass(frozen=True)
class Result:
    """Result of one invocation; ``function_error`` is empty, or Unhandled with the error as ``payload``."""

    request_id: str
    version: str
    payload: bytes
    function_error: str
    log_tail: str


class Runner:
    """Invokes functions in environments below ``folder``."""

    def __init__(
        self, records: Records, pools: Pools, logs: FunctionLogs, blueprints: Blueprints, folder: Path
    ) -> None:
        self._records = records
        self._pools = pools
        self._logs = logs
        self._blueprints = blueprints
        self._folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        # The log stream of each environment that exists.
        self._streams: dict[Environment, str] = {}

    def invoke(self, ref: Reference, payload: bytes, request_id: str = "", client_context: str = "") -> Result:
        """Run an invocation to its end. Raises LambdaError for a missing function or above the concurrency limit."""
        version = self._records.version_to_invoke(ref)
        key = PoolKey(version.arn, version.number, version.configuration["RevisionId"])
        reserved = self._records.reserved(version.arn)
        unreserved = self._pools.limit - self._records.all_reserved()
        environment, is_new = self._pools.acquire(key, reserved, unreserved, lambda: self._make(version))
        try:
            run = _Run(self, version, environment, request_id or str(uuid.uuid4()))
            return run.go(payload, ref.qualified, client_context, is_new=is_new)
        finally:
            if not environment.alive:
                self._streams.pop(environment, None)
            self._pools.release(key, environment)

    def role_of(self, ref: Reference) -> str:
        """Return the role of a function. Raises LambdaError if the function does not exist."""
        return str(self._records.version(ref).configuration["Role"])

    def stream_of(self, environment: Environment) -> str:
        """Return the log stream of an environment."""
        return self._streams[environment]

    def write(self, version: Version, stream: str, messages: list[str]) -> None:
        """Write to the log stream of an environment."""
        group = version.configuration["LoggingConfig"]["LogGroup"]
        self._logs.write(version.account, version.region, group, stream, messages)

    def _make(self, version: Version) -> Environment:
        stream = new_stream(version.number)
        blueprint = self._blueprints.of(version, stream)
        environment = Environment(blueprint, self._folder / uuid.uuid4().hex)
        self._streams[environment] = stream
        return environment


class _Run:
    """One invocation in one environment."""

    def __init__(self, runner: Runner, version: Version, environment: Environment, request_id: str) -> None:
        self._runner = runner
        self._version = version
        self._environment = environment
        self._request_id = request_id
        self._stream = runner.stream_of(environment)
        as_json = version.configuration["LoggingConfig"]["LogFormat"] == "JSON"
        self._lines = Lines(request_id, version.number, as_json=as_json)
        self._tail: list[str] = []

    def go(self, payload: bytes, arn: str, client_context: str, *, is_new: bool) -> Result:
        """Invoke the function, write its log, and return the result."""
        if is_new:
            started = self._lines.init_start(self._version.configuration["Runtime"], self._version.region)
            self._runner.write(self._version, self._stream, [started])  # which LogResult does not show
        environment, plan = self._environment, self._environment.blueprint
        outcome = environment.initialize(self._log_output)
        self._log([self._lines.start()])
        began = time.monotonic()
        if outcome is None:
            deadline = int((time.time() + plan.timeout) * 1000)
            invocation = Invocation(self._request_id, payload, arn, deadline, client_context)
            outcome = environment.run(invocation, plan.timeout, self._log_output)
        duration = min(time.monotonic() - began, float(plan.timeout))
        self._log_output()
        body, error_type = self._described(outcome)
        status = "" if outcome.kind in ("response", "error") else "timeout" if outcome.kind == "timeout" else "error"
        init = environment.init_seconds if is_new else 0.0
        measured = Measured(
            duration, init, plan.memory, environment.peak, status, error_type if status == "error" else ""
        )
        if outcome.kind == "timeout":
            self._log([self._lines.timed_out(plan.timeout)])
        self._log(self._lines.end(measured))
        tail = "".join(self._tail).encode()[-_TAIL:]
        error = "Unhandled" if error_type else ""
        return Result(self._request_id, self._version.number, body, error, base64.b64encode(tail).decode())

    def _log_output(self) -> None:
        shown = self._environment.blueprint.with_aws_paths
        lines = self._environment.output()
        self._log([f"{shown(line) if any(mark in line for mark in _TRACEBACKS) else line}\n" for line in lines])

    def _log(self, messages: list[str]) -> None:
        self._tail += messages
        self._runner.write(self._version, self._stream, messages)

    def _described(self, outcome: Outcome) -> tuple[bytes, str]:
        """Return the payload of the answer and the type of its error, "" without an error."""
        if outcome.kind == "response":
            if len(outcome.body) <= MAX_RESPONSE:
                return outcome.body, ""
            text = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE} bytes)."
            return _error("Function.ResponseSizeTooLarge", text)
        if outcome.kind in ("error", "init error"):
            error = json.loads(outcome.body)
            body = _shown(error, self._environment.blueprint) or outcome.body
            return body, str(error.get("errorType") or "Unhandled")
        kind, text = _ending(outcome, self._environment.blueprint.timeout)
        return _error(kind, f"RequestId: {self._request_id} Error: {text}")


def _ending(outcome: Outcome, timeout: int) -> tuple[str, str]:
    if outcome.kind == "timeout":
        return "Sandbox.Timedout", f"Task timed out after {timeout:.2f} seconds"
    kind = "Runtime.OutOfMemory" if outcome.kind == "memory" else "Runtime.ExitError"
    if outcome.exit_code > 128 or outcome.exit_code < 0:
        number = outcome.exit_code - 128 if outcome.exit_code > 128 else -outcome.exit_code
        name = (signal.strsignal(number) or str(number)).lower()
        return kind, f"Runtime exited with error: signal: {name}"
    if outcome.exit_code:
        return kind, f"Runtime exited with error: exit status {outcome.exit_code}"
    return kind, "Runtime exited without providing a reason"


def _shown(error: dict[str, Any], plan: Blueprint) -> bytes:
    """Return an error with AWS's folder names in its message and stack trace, or b"" if it contains no local folder."""
    fields = {name: error[name] for name in ("errorMessage", "stackTrace") if error.get(name)}
    text = json.dumps(fields, ensure_ascii=False)
    shown = plan.with_aws_paths(text)
    return b"" if shown == text else json.dumps({**error, **json.loads(shown)}).encode()


def _error(kind: str, text: str) -> tuple[bytes, str]:
    return json.dumps({"errorType": kind, "errorMessage": text}).encode(), kind
