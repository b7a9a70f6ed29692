"""Signatures of SNS: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html."""

from __future__ import annotations

import base64
import threading
import uuid
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

_DAYS = 365
_SIGNED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")


class TopicSigning:
    """One key and certificate for all topics of a server, made with the first message."""

    def __init__(self) -> None:
        self.name = f"SimpleNotificationService-{uuid.uuid4().hex}.pem"
        self._lock = threading.Lock()

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @cached_property
    def certificate(self) -> bytes:
        """PEM of the certificate."""
        with self._lock:
            now, name = datetime.now(UTC), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
            builder = x509.CertificateBuilder(name, name, self._key.public_key(), x509.random_serial_number())
            builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=_DAYS))
            return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def signature(self, document: dict[str, Any], version: str) -> str:
        """Sign a notification with the algorithm of a SignatureVersion: SHA1 of 1, SHA256 of 2."""
        text = "".join(f"{name}\n{document[name]}\n" for name in _SIGNED if name in document)
        algorithm = hashes.SHA256() if version == "2" else hashes.SHA1()  # noqa: S303 - the algorithm of that version
        return base64.b64encode(self._key.sign(text.encode(), padding.PKCS1v15(), algorithm)).decode()
