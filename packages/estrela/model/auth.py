"""Authentication to an API. Credentials are in AWS Secrets Manager; a declaration only names the secret."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ApiKey:
    """Send the key in ``secret`` (its field ``key``, or the whole value) in the header ``header``."""

    secret: str
    header: str = "X-Api-Key"
    key: str = ""


@dataclass(frozen=True)
class BearerToken:
    """Send the token in ``secret`` (its field ``key``, or the whole value) as ``Authorization: Bearer`` (RFC 6750)."""

    secret: str
    key: str = ""


@dataclass(frozen=True)
class BasicLogin:
    """Send fields ``username`` and ``password`` of ``secret`` as ``Authorization: Basic`` (RFC 7617)."""

    secret: str


Auth = ApiKey | BearerToken | BasicLogin
