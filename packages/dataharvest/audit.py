"""The audit of operators' commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataharvest.database.session import Database

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient


def record(database: Database, sts: STSClient, action: str, subject: str) -> None:
    """Record that the caller, identified by its ARN in AWS, is about to do ``action`` to ``subject``.

    It is committed immediately, because a failed command was attempted too. Raises LoadError, or botocore's errors.
    """
    caller = sts.get_caller_identity()["Arn"]
    with database.transaction() as connection:
        query = "INSERT INTO dataharvest.audit (who, action, subject) VALUES (%s, %s, %s)"
        connection.execute(query, (caller, action, subject))
