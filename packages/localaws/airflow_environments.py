"""Environments of Amazon MWAA: settings are returned as the client set them. No Airflow runs.

https://docs.aws.amazon.com/mwaa/latest/API/API_Operations.html
"""

from __future__ import annotations

import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import botocore.session
from botocore.validate import ParamValidator
from werkzeug.wrappers import Request, Response

from localaws.home import replace_file
from localaws.operation_names import rest_operation
from localaws.protocol_errors import error_response
from localaws.s3.errors import DISK_FULL, is_disk_full

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SERVICE, SIGNED_FOR = "mwaa", "airflow"
_SERVICE_ROLE = "aws-service-role/airflow.amazonaws.com/AWSServiceRoleForAmazonMWAA"
_REGION = re.compile(r"Credential=[^/]+/\d{8}/(?P<region>[^/]+)/")
# https://docs.aws.amazon.com/mwaa/latest/API/API_CreateEnvironment.html
_DEFAULTS: dict[str, Any] = {
    "AirflowConfigurationOptions": {},
    "AirflowVersion": "3.0.6",
    "EndpointManagement": "SERVICE",
    "EnvironmentClass": "mw1.small",
    "LoggingConfiguration": {},
    "MaxWebservers": 2,
    "MaxWorkers": 10,
    "MinWebservers": 2,
    "MinWorkers": 1,
    "Schedulers": 2,
    "Tags": {},
    "WebserverAccessMode": "PRIVATE_ONLY",
    "WeeklyMaintenanceWindowStart": "SUN:04:00",
}
_LOGS = {
    "DagProcessingLogs": "DAGProcessing",
    "SchedulerLogs": "Scheduler",
    "TaskLogs": "Task",
    "WebserverLogs": "WebServer",
    "WorkerLogs": "Worker",
}
"""Kinds of logs, and how the name of their log group ends."""
_MERGED = ("LoggingConfiguration", "NetworkConfiguration")
"""Settings of which a change names some parts; the others keep their values."""
Document = dict[str, Any]


class RefusedError(Exception):
    """The API refuses a request: HTTP status, name of the exception, and text."""

    def __init__(self, status: HTTPStatus, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class AirflowEnvironments:
    """Answers requests to Amazon MWAA. Environments are in a file, written before the client gets a response.

    ``owner`` is the account, and the region of a request whose signature names none.
    """

    def __init__(self, path: Path, owner: tuple[str, str]) -> None:
        self._path, (self._account, self._region) = path, owner
        self._lock = threading.RLock()
        self._by_arn: dict[str, Document] = json.loads(path.read_text()) if path.exists() else {}
        self._operations: dict[str, Callable[[str, Document], Document]] = {
            "CreateEnvironment": self._create,
            "GetEnvironment": self._get,
            "UpdateEnvironment": self._update,
            "DeleteEnvironment": self._delete,
            "ListEnvironments": self._list,
            "ListTagsForResource": self._list_tags,
            "TagResource": self._tag,
            "UntagResource": self._untag,
        }

    def answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        try:
            answer = Response(json.dumps(self._answered(Request(environ))), content_type="application/json")
        except RefusedError as error:
            answer = error_response(environ, SERVICE, error.status, (error.code, str(error)))
        except OSError as error:
            if not is_disk_full(error):
                raise
            answer = error_response(
                environ, SERVICE, HTTPStatus.INSUFFICIENT_STORAGE, ("InsufficientStorage", DISK_FULL)
            )
        return answer(environ, start_response)

    def _answered(self, request: Request) -> Document:
        name = rest_operation(SERVICE, request.method, request.path)
        operation = self._operations.get(name)
        if operation is None:
            text = f"localaws does not implement {name} of {SERVICE}"
            raise RefusedError(HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", text)
        kind, _, subject = unquote(request.path).lstrip("/").partition("/")
        parameters = json.loads(request.get_data() or b"{}")
        if "tagKeys" in request.args:
            parameters["tagKeys"] = request.args.getlist("tagKeys")
        if subject:
            parameters["ResourceArn" if kind == "tags" else "Name"] = subject
        _validate(name, parameters)
        scope = _REGION.search(request.headers.get("Authorization", ""))
        arn = f"arn:aws:airflow:{scope['region'] if scope else self._region}:{self._account}:environment/{subject}"
        with self._lock:
            return operation(subject if kind == "tags" else arn, parameters)

    def _create(self, arn: str, parameters: Document) -> Document:
        if arn in self._by_arn:
            text = f"An environment with the name {parameters['Name']} exists"
            raise RefusedError(HTTPStatus.BAD_REQUEST, "ValidationException", text)
        region = arn.split(":")[3]
        environment = deepcopy(_DEFAULTS) | parameters
        environment |= {
            "Arn": arn,
            "CeleryExecutorQueue": f"arn:aws:sqs:{region}:{self._account}:airflow-celery-{uuid.uuid4()}",
            "CreatedAt": time.time(),
            "ServiceRoleArn": f"arn:aws:iam::{self._account}:role/{_SERVICE_ROLE}",
            "Status": "AVAILABLE",
            "WebserverUrl": f"{uuid.uuid4()}.c0.{region}.airflow.amazonaws.com",
        }
        with self._changing() as environments:
            environments[arn] = environment | _logging(arn, environment)
        return {"Arn": arn}

    def _get(self, arn: str, parameters: Document) -> Document:
        return {"Environment": self._found(arn)}

    def _update(self, arn: str, parameters: Document) -> Document:
        before = self._found(arn)
        merged = {part: before[part] | parameters[part] for part in _MERGED if part in parameters}
        environment = before | parameters | merged
        environment |= {"LastUpdate": {"Status": "SUCCESS", "CreatedAt": time.time()}}
        with self._changing() as environments:
            environments[arn] = environment | _logging(arn, environment)
        return {"Arn": arn}

    def _delete(self, arn: str, parameters: Document) -> Document:
        self._found(arn)
        with self._changing() as environments:
            del environments[arn]
        return {}

    def _list(self, arn: str, parameters: Document) -> Document:
        """Return the names in one region; ``arn`` has an empty name."""
        return {"Environments": sorted(known.removeprefix(arn) for known in self._by_arn if known.startswith(arn))}

    def _list_tags(self, arn: str, parameters: Document) -> Document:
        return {"Tags": self._found(arn)["Tags"]}

    def _tag(self, arn: str, parameters: Document) -> Document:
        return self._set_tags(arn, self._found(arn)["Tags"] | parameters["Tags"])

    def _untag(self, arn: str, parameters: Document) -> Document:
        tags = self._found(arn)["Tags"]
        return self._set_tags(arn, {key: tags[key] for key in tags if key not in parameters["tagKeys"]})

    def _set_tags(self, arn: str, tags: dict[str, str]) -> Document:
        with self._changing() as environments:
            environments[arn]["Tags"] = tags
        return {}

    def _found(self, arn: str) -> Document:
        if arn not in self._by_arn:
            text = f"No environment with the ARN {arn}"
            raise RefusedError(HTTPStatus.NOT_FOUND, "ResourceNotFoundException", text)
        return self._by_arn[arn]

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Document]]:
        """A copy of the environments for changes; it is stored at the end of the block."""
        changed = deepcopy(self._by_arn)
        yield changed
        replace_file(self._path, json.dumps(changed).encode())
        self._by_arn = changed


def _logging(arn: str, environment: Document) -> Document:
    """Return the settings of all kinds of logs; those that are not set are off."""
    _, _, _, region, account, name = arn.split(":", 5)
    name = name.removeprefix("environment/")
    given = environment["LoggingConfiguration"]
    logs = {}
    for kind, ending in _LOGS.items():
        group = f"arn:aws:logs:{region}:{account}:log-group:airflow-{name}-{ending}"
        logs[kind] = {"Enabled": False, "LogLevel": "INFO", **given.get(kind, {}), "CloudWatchLogGroupArn": group}
    return {"LoggingConfiguration": logs}


@cache
def _model() -> Any:
    return botocore.session.get_session().get_service_model(SERVICE)


def _validate(operation: str, parameters: Document) -> None:
    report = ParamValidator().validate(parameters, _model().operation_model(operation).input_shape)
    if report.has_errors():
        raise RefusedError(HTTPStatus.BAD_REQUEST, "ValidationException", report.generate_report())
