"""Encryption of sensitive columns by AWS KMS data keys (envelope encryption).

An external client has a data key for each month. Keys of single dates are derived from it by HKDF (RFC 5869), as in the
hierarchical keyring of the AWS Encryption SDK: a process that has the key of a month needs KMS for none of its dates.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from dataharvest.database.session import Database
from estrela.errors import LoadError

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

_NONCE = 12
_BYTES = 32
_KEPT = 1000
"""Keys of months in memory, about 300 bytes each."""


@dataclass(frozen=True)
class DataKey:
    """A key in plain text, which is only kept in memory. ``owner`` is bound into everything that it encrypts."""

    secret: bytes
    owner: str

    @cached_property
    def _cipher(self) -> AESGCM:
        return AESGCM(self.secret)

    def seal(self, text: str, column: str) -> bytes:
        """Encrypt ``text`` (AES-256-GCM); it can be decrypted only for the same owner and ``column``."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, text.encode(), f"{self.owner}/{column}".encode())

    def open(self, sealed: bytes, column: str) -> str:
        """Decrypt a result of :meth:`seal`. Raises LoadError if it was altered, or has another owner or column."""
        bound = f"{self.owner}/{column}".encode()
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound).decode()
        except InvalidTag:
            problem = f"a value of {self.owner} cannot be decrypted: it was altered or belongs to another column"
            raise LoadError(column, problem, retriable=False) from None

    def digest(self, text: str) -> bytes:
        """Return a keyed digest that is equal for equal texts of one owner, and reveals nothing without the key."""
        return hmac.digest(self.secret, b"digest\0" + text.encode(), hashlib.sha256)

    def __repr__(self) -> str:
        return f"DataKey({self.owner!r})"


class Vault:
    """Data keys, stored in the database encrypted by the KMS key ``kms_key``; decrypted keys are cached in memory."""

    def __init__(self, database: Database, kms: KMSClient, kms_key: str) -> None:
        self._database, self._kms, self._kms_key = database, kms, kms_key
        self._opened: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    def key(self, external_client: str, business_date: str) -> DataKey:
        """Return the key of a client's date (YYYYMMDD); the first call of a month creates the key that it needs.

        Raises LoadError, or botocore's errors.
        """
        owner = f"{external_client}/{business_date}"
        secret = self._of_month(external_client, business_date[:6])
        return DataKey(HKDFExpand(SHA256(), _BYTES, owner.encode()).derive(secret), owner)

    def _of_month(self, external_client: str, month: str) -> bytes:
        if (external_client, month) not in self._opened:
            context = context_of(external_client, month)
            sealed = self._stored(context)
            self._opened[external_client, month] = self._decrypted(sealed, context) if sealed else self._new(context)
            if len(self._opened) > _KEPT:
                self._opened.popitem(last=False)
        return self._opened[external_client, month]

    def _stored(self, context: dict[str, str]) -> bytes | None:
        query = "SELECT sealed FROM dataharvest.data_key WHERE (external_client, month) = (%s, %s)"
        with self._database.autocommit() as connection:
            row = connection.execute(query, [*context.values()]).fetchone()
        return bytes(row[0]) if row else None

    def _new(self, context: dict[str, str]) -> bytes:
        """Create and store a key, and return it in plain text."""
        data_key = self._kms.generate_data_key(KeyId=self._kms_key, KeySpec="AES_256", EncryptionContext=context)
        query = """
            INSERT INTO dataharvest.data_key (external_client, month, kms_key, sealed) VALUES (%s, %s, %s, %s)
            ON CONFLICT (external_client, month) DO NOTHING
        """
        given = [*context.values(), data_key["KeyId"], data_key["CiphertextBlob"]]
        with self._database.autocommit() as connection:
            is_ours = connection.execute(query, given).rowcount == 1
        if is_ours:
            return data_key["Plaintext"]
        stored = self._stored(context)  # of two that make a key at once, the first one's is kept
        assert stored is not None
        return self._decrypted(stored, context)

    def _decrypted(self, sealed: bytes, context: dict[str, str]) -> bytes:
        return self._kms.decrypt(CiphertextBlob=sealed, EncryptionContext=context)["Plaintext"]


def context_of(external_client: str, month: str) -> dict[str, str]:
    """Return the KMS encryption context of the key of a client's month (YYYYMM)."""
    return {"external_client": external_client, "month": month}
