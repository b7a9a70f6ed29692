"""Rotation of secrets: RotateSecret invokes the function of a secret once per step, after the answer is sent.

A rotation schedule is stored, but only RotateSecret starts a rotation.
https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
"""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any, Protocol

from moto.secretsmanager.exceptions import InvalidRequestException, ResourceNotFoundException
from moto.secretsmanager.models import SecretsManagerBackend

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
_TEST = ("testSecret",)
_CURRENT, _PENDING = "AWSCURRENT", "AWSPENDING"
_INCOMPLETE = "A previous rotation isn't complete. That rotation will be reattempted."
_DAYS = "AutomaticallyAfterDays"
_log = logging.getLogger(__name__)
_moto = SecretsManagerBackend.rotate_secret


class Functions(Protocol):
    """The functions that rotate secrets."""

    def has_function(self, arn: str) -> bool:
        """Return whether a function exists."""

    def invoke(self, arn: str, payload: bytes) -> str:
        """Invoke a function to its end; return "" or the reason if it failed."""


class Rotations:
    """Starts rotations; ``save`` stores the state of the service with this name."""

    def __init__(self, functions: Functions, save: Callable[[str], None]) -> None:
        self._functions, self._save = functions, save

    def install(self) -> None:
        """Make moto rotate by functions of this server. Call this before the first request of the process."""

        def rotate_secret(backend: Any, secret_id: str, *arguments: Any, **named: Any) -> str:
            return self._rotate(backend, secret_id, *arguments, **named)

        SecretsManagerBackend.rotate_secret = rotate_secret

    def _rotate(
        self,
        backend: Any,
        secret_id: str,
        client_request_token: str | None = None,
        rotation_lambda_arn: str | None = None,
        rotation_rules: dict[str, Any] | None = None,
        rotate_immediately: bool = True,
    ) -> str:
        secret = backend.secrets[secret_id] if backend._is_valid_identifier(secret_id) else None
        arn = rotation_lambda_arn or getattr(secret, "rotation_lambda_arn", "")
        if secret is None or secret.is_deleted() or not arn:
            return _moto(backend, secret_id, client_request_token, None, rotation_rules, rotate_immediately)
        if not self._functions.has_function(arn):
            raise ResourceNotFoundException(f"Resource not found for ARN '{arn}'.")
        _set_schedule(secret, arn, rotation_rules or {})
        incomplete = _incomplete(secret)
        token = incomplete or client_request_token or str(uuid.uuid4())
        if not incomplete:
            secret.versions[token] = {"createdate": int(time.time()), "version_id": token, "version_stages": [_PENDING]}
        steps = STEPS if rotate_immediately else _TEST
        threading.Thread(target=self._run, args=(secret, token, steps), daemon=True).start()
        if incomplete:
            raise InvalidRequestException(_INCOMPLETE)
        return secret.to_short_dict(version_id=token)

    def _run(self, secret: Any, token: str, steps: tuple[str, ...]) -> None:
        """Invoke the function for one step after the other, until one fails."""
        for step in steps:
            event = {"Step": step, "SecretId": secret.arn, "ClientRequestToken": token}
            problem = self._functions.invoke(secret.rotation_lambda_arn, json.dumps(event).encode())
            if problem:
                _log.warning("the rotation of %s failed in %s: %s", secret.name, step, problem)
                break
        else:
            secret.last_rotation_date = int(time.time())
        if steps == _TEST:
            secret.versions.pop(token, None)
        self._save("secretsmanager")


def _set_schedule(secret: Any, arn: str, rules: dict[str, Any]) -> None:
    secret.rotation_requested = secret.rotation_enabled = True
    secret.rotation_lambda_arn = arn
    if days := rules.get(_DAYS):
        secret.auto_rotate_after_days = days
        secret.next_rotation_date = int(time.time()) + days * 86_400


def _incomplete(secret: Any) -> str:
    """Return the version of a rotation that has not ended, or ""."""
    for name, version in secret.versions.items():
        if _PENDING in version["version_stages"] and _CURRENT not in version["version_stages"]:
            return str(name)
    return ""
