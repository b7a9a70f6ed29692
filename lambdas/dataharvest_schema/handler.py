"""Migrate DataHarvest's schema to the newest version."""

from __future__ import annotations

from typing import Any

import boto3
from aws_lambda_powertools import Logger

from dataharvest.database.schema import SCHEMA
from dataharvest.functions import Functions
from dataharvest.tracing import traced
from estrela.hooks.database import DatabaseManager
from estrela.hooks.secret import Secret

functions = Functions.from_environment()
secret = Secret(boto3.client("secretsmanager"), functions.settings.database_secret)
logger = Logger(service="dataharvest_schema")


@traced(logger.service)
def handler(_: dict[str, Any], __: Any) -> dict[str, str]:
    """Entry point of the Lambda function; a repeated call changes nothing."""
    SCHEMA.migrate(DatabaseManager.from_secret(secret))
    version = SCHEMA.newest_version()
    logger.info("migrated", schema=SCHEMA.name, version=version)
    return {"schema": SCHEMA.name, "version": version}
