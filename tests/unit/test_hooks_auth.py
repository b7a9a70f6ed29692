"""Credentials are read from Secrets Manager by name and never appear in a text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import requests
from moto import mock_aws
from requests.auth import AuthBase

from estrela.errors import SettingsError
from estrela.hooks.auth import ApiKey, BasicLogin, BearerToken
from estrela.hooks.secret import Secret


@pytest.fixture
def secrets() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("secretsmanager", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        client.create_secret(Name="plain", SecretString="hunter2")
        client.create_secret(Name="json", SecretString='{"token": "hunter2"}')
        yield client


def headers(auth: AuthBase) -> dict[str, str]:
    return dict(requests.Request("GET", "https://x.test/", auth=auth).prepare().headers)


def test_an_api_key_goes_into_its_header(secrets: Any) -> None:
    assert headers(ApiKey(Secret(secrets, "plain"))) == {"X-Api-Key": "hunter2"}
    assert headers(ApiKey(Secret(secrets, "json"), "apikey", "token")) == {"apikey": "hunter2"}


def test_a_bearer_token_goes_into_authorization(secrets: Any) -> None:
    assert headers(BearerToken(Secret(secrets, "plain"))) == {"Authorization": "Bearer hunter2"}
    assert headers(BearerToken(Secret(secrets, "json"), "token")) == {"Authorization": "Bearer hunter2"}


def test_a_login_goes_into_authorization(secrets: Any) -> None:
    secrets.create_secret(Name="login", SecretString='{"username": "ana", "password": "hunter2"}')
    auth = BasicLogin(Secret(secrets, "login"))
    assert headers(auth) == {"Authorization": "Basic YW5hOmh1bnRlcjI="}
    assert "hunter2" not in repr(auth)


def test_a_secret_is_read_once_and_never_shown(secrets: Any) -> None:
    auth = BearerToken(Secret(secrets, "plain"))
    headers(auth)
    secrets.delete_secret(SecretId="plain", ForceDeleteWithoutRecovery=True)
    assert headers(auth) == {"Authorization": "Bearer hunter2"}
    assert "hunter2" not in repr(auth)


def test_a_secret_that_is_not_there_is_named(secrets: Any) -> None:
    with pytest.raises(SettingsError, match=r"^secret gone: cannot be read \(ResourceNotFoundException\)"):
        headers(ApiKey(Secret(secrets, "gone")))
