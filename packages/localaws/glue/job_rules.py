"""Validation and defaults of CreateJob, UpdateJob and StartJobRun, as in Glue."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.glue.exceptions import InvalidInputException

KINDS = ("glueetl", "pythonshell")
LONGEST_ARGUMENTS = 260 * 1024  # bytes
LONGEST_TIMEOUT = 7 * 24 * 60  # minutes

# DPUs per worker. https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-job.html (WorkerType)
_DPUS = {
    "Standard": 1.0,
    "G.025X": 0.25,
    "G.1X": 1.0,
    "G.2X": 2.0,
    "G.4X": 4.0,
    "G.8X": 8.0,
    "G.12X": 12.0,
    "G.16X": 16.0,
    "R.1X": 1.0,
    "R.2X": 2.0,
    "R.4X": 4.0,
    "R.8X": 8.0,
}
_EXECUTION_CLASSES = ("STANDARD", "FLEX")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,255}")
_CAPACITY = ("MaxCapacity", "AllocatedCapacity", "WorkerType", "NumberOfWorkers")


def complete_job(request: Mapping[str, Any], operation: str) -> dict[str, Any]:
    """A job definition with Glue's defaults; raise InvalidInputException for a definition that Glue refuses."""
    name, command = request.get("Name") or "", request.get("Command") or {}
    if not _NAME.fullmatch(name):
        raise InvalidInputException(operation, f"Job name {name[:50]!r} must have 1 to 255 printable characters.")
    if not request.get("Role"):
        raise InvalidInputException(operation, "Role should not be empty or null")
    if command.get("Name") not in KINDS:
        raise InvalidInputException(
            operation, f"Command.Name is {command.get('Name')!r}; localaws runs {' and '.join(KINDS)}."
        )
    job = {key: value for key, value in request.items() if key != "Tags" and value is not None}
    is_shell = command["Name"] == "pythonshell"
    job.setdefault("GlueVersion", "3.0" if is_shell else "5.1")
    job["Command"] = {"PythonVersion": "3.9" if is_shell else "3", **command}
    job.setdefault("ExecutionProperty", {"MaxConcurrentRuns": 1})
    job.setdefault("MaxRetries", 0)
    job.setdefault("DefaultArguments", {})
    _check_range(job, "MaxRetries", 0, 10, operation)
    _check_range(job["ExecutionProperty"], "MaxConcurrentRuns", 1, 10_000, operation)
    job.setdefault("Timeout", 480 if job["GlueVersion"] >= "5" else 2880)
    _check_range(job, "Timeout", 1, LONGEST_TIMEOUT, operation)
    if not is_shell:
        job.setdefault("ExecutionClass", "STANDARD")
    _check_class(job, operation)
    return job | _capacity(job, operation)


def complete_run(job: Mapping[str, Any], request: Mapping[str, Any], operation: str) -> dict[str, Any]:
    """Return the settings of one run, the request's over the job's; raise InvalidInputException."""
    unwanted = ("Name", "Description", "LogUri", "Connections", "DefaultArguments", "NonOverridableArguments")
    settings = {key: value for key, value in job.items() if key not in unwanted}
    names = (*_CAPACITY, "Timeout", "SecurityConfiguration", "NotificationProperty", "ExecutionClass")
    given = {name: request[name] for name in names if request.get(name) is not None}
    if given.keys() & set(_CAPACITY):
        settings = {key: value for key, value in settings.items() if key not in _CAPACITY}
        settings |= _capacity({**given, "Command": job["Command"]}, operation)
    settings |= given
    _check_class(settings, operation)
    _check_range(settings, "Timeout", 1, LONGEST_TIMEOUT, operation)
    settings["Arguments"] = {
        **(job.get("DefaultArguments") or {}),
        **(request.get("Arguments") or {}),
        **(job.get("NonOverridableArguments") or {}),
    }
    size = sum(len(key.encode()) + len(str(value).encode()) for key, value in settings["Arguments"].items())
    if size > LONGEST_ARGUMENTS:
        raise InvalidInputException(operation, f"Arguments have {size} bytes; Glue takes up to {LONGEST_ARGUMENTS}.")
    return settings


def _capacity(settings: Mapping[str, Any], operation: str) -> dict[str, Any]:
    is_shell = settings["Command"]["Name"] == "pythonshell"
    return (_shell_capacity if is_shell else _spark_capacity)(settings, operation)


def _shell_capacity(settings: Mapping[str, Any], operation: str) -> dict[str, Any]:
    if settings.get("WorkerType") or settings.get("NumberOfWorkers"):
        raise InvalidInputException(operation, "Worker Type is not supported for Job Command pythonshell")
    capacity = settings.get("MaxCapacity", 0.0625)
    if capacity not in (0.0625, 1):
        raise InvalidInputException(
            operation, f"MaxCapacity of a pythonshell job is {capacity}; it must be 0.0625 or 1"
        )
    return {"MaxCapacity": float(capacity), "AllocatedCapacity": int(capacity)}


def _spark_capacity(settings: Mapping[str, Any], operation: str) -> dict[str, Any]:
    """Return the capacity both as workers of a type and as DPUs, as Glue does; the request gives either."""
    worker, number = settings.get("WorkerType") or "", int(settings.get("NumberOfWorkers") or 0)
    capacity = settings.get("MaxCapacity") or settings.get("AllocatedCapacity")
    if settings.get("MaxCapacity") and settings.get("AllocatedCapacity"):
        raise InvalidInputException(operation, "Please set only Allocated Capacity or Max Capacity")
    if settings.get("MaxCapacity") and (worker or number):
        message = "Please do not set Max Capacity if using Worker Type and Number of Workers."
        raise InvalidInputException(operation, message)
    if bool(worker) != bool(number):
        raise InvalidInputException(operation, "Please set both Worker Type and Number of Workers.")
    if not worker:
        worker, number = "G.1X", int(capacity or 10)
    if worker not in _DPUS:
        raise InvalidInputException(operation, f"WorkerType is {worker!r}; one of {', '.join(_DPUS)} was expected")
    if number < 2:
        message = f"To use Worker Type {worker}, minimum allowed value of Number of Workers is 2."
        raise InvalidInputException(operation, message)
    dpus = _DPUS[worker] * number
    return {"MaxCapacity": dpus, "AllocatedCapacity": int(dpus), "WorkerType": worker, "NumberOfWorkers": number}


def _check_class(settings: Mapping[str, Any], operation: str) -> None:
    """Refuse FLEX for workers of a type other than G.1X and G.2X.

    https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-job.html (ExecutionClass)
    """
    given = settings.get("ExecutionClass", "STANDARD")
    if given not in _EXECUTION_CLASSES:
        allowed = " or ".join(_EXECUTION_CLASSES)
        raise InvalidInputException(operation, f"ExecutionClass is {given!r}; {allowed} was expected")
    if given == "FLEX" and settings.get("WorkerType", "G.1X") not in ("G.1X", "G.2X"):
        raise InvalidInputException(operation, "ExecutionClass FLEX is allowed only with worker types G.1X and G.2X")


def _check_range(settings: Mapping[str, Any], name: str, least: int, most: int, operation: str) -> None:
    value = settings.get(name, least)
    if not isinstance(value, int) or not least <= value <= most:
        raise InvalidInputException(operation, f"{name} is {value!r}; a whole number of {least} to {most} was expected")
