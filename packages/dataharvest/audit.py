"""The audit of operators' commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataharvest.database.session import Database

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient


def record(database: Database, sts: STSClient, action: str, subject: str) -> None:
    """Note that the caller, by the ARN that AWS knows it by, is about to do ``action`` to ``subject``.

    It is committed at once: a command that fails was tried all the same. Raises LoadError, or botocore's errors.
    """
    caller = sts.get_caller_identity()["Arn"]
    with database.transaction() as connection:
        query = "INSERT INTO dataharvest.audit (who, action, subject) VALUES (%s, %s, %s)"
        connection.execute(query, (caller, action, subject))
