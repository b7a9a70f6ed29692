"""Give a database role a new password: called by AWS Secrets Manager, once for each step of a rotation."""

from __future__ import annotations

import os
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from estrela.hooks.database_role import RoleRotation

rotation = RoleRotation(boto3.client("secretsmanager"), os.environ["ESTRELA_MASTER_SECRET"])
logger = Logger(service="rotate_database_secret")


def handler(event: dict[str, Any], _: Any) -> None:
    """Lambda's entry."""
    rotation.run(event["Step"], event["SecretId"], event["ClientRequestToken"])
    logger.info("done", step=event["Step"], secret=event["SecretId"])
