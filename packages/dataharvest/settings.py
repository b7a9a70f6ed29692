"""Settings of the functions: environment variables, read once when a function starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from estrela.errors import SettingsError


@dataclass(frozen=True)
class Settings:
    """What a function is told.

    ``database_secret`` is the name of a secret in the format of Amazon RDS, ``root_certificate`` the file by which the
    server is verified ("": not verified), ``metastore`` a DynamoDB table, ``kms_key`` a key's id or ARN, ``messages``
    the URL of the queue that consumers read, ``stages`` what the URLs of the stages' queues begin with.
    """

    database_secret: str
    metastore: str
    kms_key: str
    messages: str
    stages: str
    root_certificate: str = ""


def settings_from(environ: Mapping[str, str]) -> Settings:
    """Read the variables ``DATAHARVEST_<FIELD>``. Raises SettingsError for one that is missing."""
    return Settings(
        database_secret=_needed(environ, "DATAHARVEST_DATABASE_SECRET"),
        metastore=_needed(environ, "DATAHARVEST_METASTORE"),
        kms_key=_needed(environ, "DATAHARVEST_KMS_KEY"),
        messages=_needed(environ, "DATAHARVEST_MESSAGES"),
        stages=_needed(environ, "DATAHARVEST_STAGES"),
        root_certificate=environ.get("DATAHARVEST_ROOT_CERTIFICATE", ""),
    )


def _needed(environ: Mapping[str, str], name: str) -> str:
    if not environ.get(name):
        raise SettingsError(name, "is not set")
    return environ[name]
