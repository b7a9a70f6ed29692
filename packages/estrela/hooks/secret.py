"""A credential in AWS Secrets Manager, referred to only by name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from estrela.errors import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


@dataclass(frozen=True)
class Secret:
    """The secret ``name``, read on first use and kept in memory; this class never shows its value in a text."""

    client: SecretsManagerClient
    name: str

    @cached_property
    def _text(self) -> str:
        try:
            return self.client.get_secret_value(SecretId=self.name)["SecretString"]
        except (ClientError, BotoCoreError) as error:
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            raise SettingsError(
                f"secret {self.name}", f"cannot be read ({code}); check its name and the permissions of the role"
            ) from None

    def text(self) -> str:
        """Return the whole value. Raises SettingsError if it cannot be read."""
        return self._text

    def field(self, key: str) -> str:
        """Return one field of a JSON value. Raises SettingsError if it is missing."""
        fields = self.fields()
        if key not in fields:
            raise SettingsError(f"secret {self.name}", f"has no field {key!r}; its fields: {', '.join(sorted(fields))}")
        return fields[key]

    def fields(self) -> dict[str, str]:
        """Return the fields of a JSON value, as text. Raises SettingsError if it is not a JSON object."""
        try:
            fields = json.loads(self._text)
        except ValueError:
            fields = None
        if not isinstance(fields, dict):
            raise SettingsError(
                f"secret {self.name}", 'is not a JSON object such as {"username": ..., "password": ...}'
            )
        return {str(key): str(value) for key, value in fields.items()}
