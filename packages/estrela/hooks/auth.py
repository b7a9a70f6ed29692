"""Authentication of the requests of a RestApiHook."""

from __future__ import annotations

from dataclasses import dataclass

from requests import PreparedRequest
from requests.auth import AuthBase, HTTPBasicAuth

from estrela.hooks.secret import Secret


@dataclass(frozen=True)
class ApiKey(AuthBase):
    """Sends the key in ``secret`` (its field ``key``, or the whole value) in the header ``header``."""

    secret: Secret
    header: str = "X-Api-Key"
    key: str = ""

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        r.headers[self.header] = _value(self.secret, self.key)
        return r


@dataclass(frozen=True)
class BearerToken(AuthBase):
    """Sends the token in ``secret`` (its field ``key``, or the whole value) as ``Authorization: Bearer`` (RFC 6750)."""

    secret: Secret
    key: str = ""

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        r.headers["Authorization"] = f"Bearer {_value(self.secret, self.key)}"
        return r


@dataclass(frozen=True)
class BasicLogin(AuthBase):
    """Sends fields ``username`` and ``password`` of ``secret`` as ``Authorization: Basic`` (RFC 7617)."""

    secret: Secret

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        HTTPBasicAuth(self.secret.field("username"), self.secret.field("password"))(r)
        return r


def _value(secret: Secret, key: str) -> str:
    return secret.field(key) if key else secret.text()
