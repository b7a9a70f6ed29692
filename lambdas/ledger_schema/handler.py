"""Migrate the ledger's schema to the newest version."""

from __future__ import annotations

import os
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from estrela.ledger.schema import SCHEMA
from estrela.warehouse_parts import WarehouseParts

parts = WarehouseParts(os.environ, boto3.Session())
logger = Logger(service="ledger_schema")


def handler(_: dict[str, Any], __: Any) -> dict[str, str]:
    """Entry point of the Lambda function; a repeated call changes nothing."""
    SCHEMA.migrate(parts.database)
    version = SCHEMA.newest_version()
    logger.info("migrated", schema=SCHEMA.name, version=version)
    return {"schema": SCHEMA.name, "version": version}
