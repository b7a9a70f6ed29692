"""The secret of a namespace whose administrator's password Redshift manages, in Secrets Manager.

https://docs.aws.amazon.com/redshift/latest/mgmt/redshift-secrets-manager-integration.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from moto.secretsmanager.models import secretsmanager_backends
from moto.secretsmanager.utils import random_password

from localaws.redshift.errors import ValidationError

PASSWORD, MANAGED = "adminUserPassword", "manageAdminPassword"
SECRET_ARN, SECRET_KEY = "adminPasswordSecretArn", "adminPasswordSecretKmsKeyId"
_LENGTH = 32
_SERVICE = "secretsmanager"


class AdminSecrets:
    """Creates and deletes these secrets; ``save`` stores the state of the service with this name."""

    def __init__(self, save: Callable[[str], None]) -> None:
        self._save = save

    def create(self, account: str, region: str, namespace: Mapping[str, Any], key: str | None) -> tuple[str, str]:
        """Create the secret of a namespace, encrypted with ``key``; return its ARN and the password in it."""
        name, user = namespace["namespaceName"], namespace["adminUsername"]
        password = _password()
        secret = secretsmanager_backends[account][region].create_managed_secret(
            service_name="redshift",
            secret_id=f"redshift!{name}-{user}",
            secret_string=json.dumps({"username": user, "password": password}),
            description=f"Admin credentials of the Redshift Serverless namespace {name}",
            kms_key_id=key,
            tags=[{"Key": "aws:redshift-serverless:namespaceArn", "Value": namespace["namespaceArn"]}],
        )
        self._save(_SERVICE)
        return str(secret.arn), password

    def delete(self, account: str, region: str, namespace: Mapping[str, Any]) -> None:
        """Delete the secret of a namespace at once, if it has one."""
        if arn := namespace.get(SECRET_ARN):
            secretsmanager_backends[account][region].delete_secret(arn, None, force_delete_without_recovery=True)
            self._save(_SERVICE)


def check(request: Mapping[str, Any], *, managed: bool) -> None:
    """Raise ValidationError if a request for a managed password, or for one that is not, contradicts itself."""
    if managed and PASSWORD in request:
        raise ValidationError(f"You can't use {PASSWORD} if {MANAGED} is true.")
    if not managed and SECRET_KEY in request:
        raise ValidationError(f"You can only use {SECRET_KEY} if {MANAGED} is true.")


def _password() -> str:
    return str(
        random_password(
            _LENGTH,
            exclude_characters="",
            exclude_numbers=False,
            exclude_punctuation=True,
            exclude_uppercase=False,
            exclude_lowercase=False,
            include_space=False,
            require_each_included_type=True,
        )
    )
