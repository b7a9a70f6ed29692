"""Set a new password of a database role; AWS Secrets Manager invokes this once per step of a rotation."""

from __future__ import annotations

import os
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from estrela.hooks.database_role import RoleRotation

rotation = RoleRotation(boto3.client("secretsmanager"), os.environ["ESTRELA_MASTER_SECRET"])
logger = Logger(service="rotate_database_secret")


def handler(event: dict[str, Any], _: Any) -> None:
    """Entry point of the Lambda function."""
    rotation.run(event["Step"], event["SecretId"], event["ClientRequestToken"])
    logger.info("done", step=event["Step"], secret=event["SecretId"])
