"""Re-encryption of the stored data keys after the KMS key was replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataharvest.database.session import Database
from dataharvest.vault import context_of

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


def rotate(database: Database, kms: KMSClient, kms_key: str) -> int:
    """Encrypt each data key with ``kms_key`` unless it already is; return the number of changed keys.

    The data keys themselves and the data that they encrypted do not change. KMS re-encrypts the keys, so their plain
    text never exists here. A repeated call continues an interrupted rotation. Raises LoadError, or botocore's errors.
    """
    target = kms.describe_key(KeyId=kms_key)["KeyMetadata"]["Arn"]
    count = 0
    with database.transaction() as connection:
        query = "SELECT external_client, month FROM dataharvest.data_key WHERE kms_key <> %s"
        others = connection.execute(query, [target]).fetchall()
    for external_client, month in others:
        context = context_of(external_client, month)
        with database.transaction() as connection:
            query = """
                SELECT sealed FROM dataharvest.data_key
                WHERE (external_client, month) = (%s, %s) AND kms_key <> %s FOR UPDATE
            """
            row = connection.execute(query, (external_client, month, target)).fetchone()
            if row is None:
                continue
            answer = kms.re_encrypt(
                CiphertextBlob=bytes(row[0]),
                SourceEncryptionContext=context,
                DestinationKeyId=target,
                DestinationEncryptionContext=context,
            )
            query = """
                UPDATE dataharvest.data_key SET (kms_key, sealed) = (%s, %s)
                WHERE (external_client, month) = (%s, %s)
            """
            connection.execute(query, (answer["KeyId"], answer["CiphertextBlob"], external_client, month))
            count += 1
    return count
