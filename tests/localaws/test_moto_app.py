"""The short way to JSON services answers as moto's Flask application does."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from flask import Flask
from moto import mock_aws
from moto.core import responses, utils
from moto.core.serialize import ResponseSerializer
from moto.moto_api._internal.moto_random import MotoRandom
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.wrappers import Response

from localaws.moto_app import MotoApplication, install

AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=k/20220101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=s"
NOT_COMPARED = ("x-amzn-requestid", "access-control-allow-origin")


def environ(service: str, target: str, body: Any, **more: str) -> dict[str, Any]:
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(data),
        "CONTENT_LENGTH": str(len(data)),
        "CONTENT_TYPE": "application/x-amz-json-1.0",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_X_AMZ_TARGET": target,
        "HTTP_AUTHORIZATION": AUTHORIZATION.format(service),
        **more,
    }


@pytest.fixture
def application() -> MotoApplication:
    return MotoApplication(create_backend_app)


@pytest.mark.parametrize(
    ("service", "target", "body", "status"),
    [
        ("dynamodb", "DynamoDB_20120810.ListTables", {}, 200),
        ("dynamodb", "DynamoDB_20120810.DescribeTable", {"TableName": "none"}, 400),
        ("dynamodb", "DynamoDBStreams_20120810.ListStreams", {}, 200),
        ("kms", "TrentService.DescribeKey", {"KeyId": "none"}, 400),
        ("sqs", "AmazonSQS.GetQueueUrl", {"QueueName": "none"}, 400),
        ("sqs", "AmazonSQS.ListQueues", {}, 200),
        ("secretsmanager", "secretsmanager.ListSecrets", {}, 200),
    ],
)
def test_json_requests_are_answered_without_flask(
    monkeypatch: pytest.MonkeyPatch, application: MotoApplication, service: str, target: str, body: Any, status: int
) -> None:
    with mock_aws():
        expected = Response.from_app(application, environ(service, target, body), buffered=True)
        monkeypatch.setattr(Flask, "__call__", None)
        answer = application.respond(environ(service, target, body))
        assert (answer.status_code, answer.get_data()) == (expected.status_code, expected.get_data())
        assert answer.status_code == status
        assert compared(answer) == compared(expected)


def compared(answer: Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.lower() not in NOT_COMPARED}


def test_errors_reach_the_router(application: MotoApplication) -> None:
    application.get_application(environ("kms", "TrentService.None", {})).config["PROPAGATE_EXCEPTIONS"] = True
    for call in (application.respond, lambda given: Response.from_app(application, given, buffered=True)):
        with mock_aws(), pytest.raises(NotImplementedError, match="action has not been implemented"):
            call(environ("kms", "TrentService.None", {}))


def test_browsers_get_headers_for_other_origins(application: MotoApplication) -> None:
    with mock_aws():
        request = environ("sqs", "AmazonSQS.ListQueues", {}, HTTP_ORIGIN="http://page")
        assert application.respond(request).headers["Access-Control-Allow-Origin"] == "http://page"


def test_ids_are_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for place, name in (
        (MotoRandom, "get_random_string"),
        (ResponseSerializer, "get_value"),
        (utils, "camelcase_to_underscores"),
        (utils, "method_names_from_class"),
        (responses, "camelcase_to_underscores"),
        (responses, "method_names_from_class"),
    ):
        monkeypatch.setattr(place, name, getattr(place, name))
    install()
    monkeypatch.setattr(MotoRandom, "choice", None)
    random = MotoRandom(1)
    assert re.fullmatch(r"[A-Za-z0-9]{52}", random.get_random_string(52))
    assert re.fullmatch(r"[a-z]{300}", random.get_random_string(300, include_digits=False, lower_case=True))
    assert random.get_random_string() != random.get_random_string()
