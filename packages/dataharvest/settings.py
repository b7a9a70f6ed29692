"""Settings of the functions: environment variables, read once at the start of a function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from estrela.errors import SettingsError

MIB = 1 << 20


@dataclass(frozen=True)
class Settings:
    """Settings of a function.

    ``database_secret`` is the name of a secret in the format of Amazon RDS, ``root_certificate`` the file of
    certificate authorities that verify the server ("": not verified), ``metastore`` a DynamoDB table, ``kms_key`` a
    key's id or ARN, ``messages`` the URL of the queue that consumers read, ``stages`` the common prefix of the URLs of
    the stages' queues.

    A file of more than ``split_above`` bytes is split into chunks of about ``chunk_bytes``, listed in the DynamoDB
    table ``chunk_table`` ("": no file is split). A delivery of more than ``portfolios_above`` portfolios is calculated
    in batches of portfolios. These are announced on the EventBridge bus ``bus`` ("": no delivery is), which forwards
    the events to the Kinesis streams whose names start with ``streams``. ``progress_table`` is the DynamoDB table that
    shows the progress of both, and is required by either.

    A date is overdue if its messages are not sent ``due_hours`` after its midnight (UTC).

    ``failed_batches`` (``s3://bucket/prefix``) is the place where Lambda writes exhausted batches; ``dataharvest
    forget`` searches it. ``forgotten``, a place of the same form, is where it records forgotten clients, for the case
    that a backup is restored ("": they are not recorded).
    """

    database_secret: str
    metastore: str
    kms_key: str
    messages: str
    stages: str
    root_certificate: str = ""
    chunk_table: str = ""
    progress_table: str = ""
    bus: str = ""
    streams: str = "dataharvest-"
    failed_batches: str = ""
    forgotten: str = ""
    split_above: int = 64 * MIB
    chunk_bytes: int = 32 * MIB
    portfolios_above: int = 10_000
    due_hours: int = 30


def settings_from(environ: Mapping[str, str]) -> Settings:
    """Read the variables ``DATAHARVEST_<FIELD>``. Raises SettingsError if one is missing or not a number."""
    large = [environ.get(f"DATAHARVEST_{name}", "") for name in ("CHUNK_TABLE", "BUS", "PROGRESS_TABLE")]
    if any(large[:2]) and not large[2]:
        raise SettingsError("DATAHARVEST_PROGRESS_TABLE", "is not set, but DATAHARVEST_CHUNK_TABLE or _BUS needs it")
    return Settings(
        database_secret=_needed(environ, "DATAHARVEST_DATABASE_SECRET"),
        metastore=_needed(environ, "DATAHARVEST_METASTORE"),
        kms_key=_needed(environ, "DATAHARVEST_KMS_KEY"),
        messages=_needed(environ, "DATAHARVEST_MESSAGES"),
        stages=_needed(environ, "DATAHARVEST_STAGES"),
        root_certificate=environ.get("DATAHARVEST_ROOT_CERTIFICATE", ""),
        chunk_table=large[0],
        bus=large[1],
        streams=environ.get("DATAHARVEST_STREAMS") or Settings.streams,
        failed_batches=environ.get("DATAHARVEST_FAILED_BATCHES", ""),
        forgotten=environ.get("DATAHARVEST_FORGOTTEN", ""),
        progress_table=large[2],
        split_above=_number(environ, "DATAHARVEST_SPLIT_ABOVE", Settings.split_above),
        chunk_bytes=_number(environ, "DATAHARVEST_CHUNK_BYTES", Settings.chunk_bytes, least=1),
        portfolios_above=_number(environ, "DATAHARVEST_PORTFOLIOS_ABOVE", Settings.portfolios_above),
        due_hours=_number(environ, "DATAHARVEST_DUE_HOURS", Settings.due_hours),
    )


def _needed(environ: Mapping[str, str], name: str) -> str:
    if not environ.get(name):
        raise SettingsError(name, "is not set")
    return environ[name]


def _number(environ: Mapping[str, str], name: str, default: int, least: int = 0) -> int:
    text = environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise SettingsError(name, f"{text!r} is not a whole number of at least {least}")
    return int(text)
