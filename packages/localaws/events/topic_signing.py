"""Signatures of SNS: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html."""

from __future__ import annotations

import base64
import threading
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from localaws.home import replace_file

_DAYS = 3650
_SIGNED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")


class TopicSigning:
    """One key and certificate for all topics of a home, created with the first message and stored in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The file name under which the certificate is served."""
        return f"SimpleNotificationService-{self._certificate.fingerprint(hashes.SHA256()).hex()[:32]}.pem"

    @property
    def certificate(self) -> bytes:
        """The certificate in PEM format."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def signature(self, document: dict[str, Any], version: str) -> str:
        """Sign a notification with the algorithm of its SignatureVersion: SHA1 for 1, SHA256 for 2."""
        text = "".join(f"{name}\n{document[name]}\n" for name in _SIGNED if name in document)
        algorithm = hashes.SHA256() if version == "2" else hashes.SHA1()  # noqa: S303 - the algorithm of that version
        return base64.b64encode(self._key.sign(text.encode(), padding.PKCS1v15(), algorithm)).decode()

    @property
    def _key(self) -> rsa.RSAPrivateKey:
        return self._pair[0]

    @property
    def _certificate(self) -> x509.Certificate:
        return self._pair[1]

    @cached_property
    def _pair(self) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
        with self._lock:
            path = self._folder / "topics.pem"
            if not path.exists():
                self._folder.mkdir(parents=True, exist_ok=True)
                replace_file(path, _new_pair())
            text = path.read_bytes()
            key = serialization.load_pem_private_key(text, None)
            assert isinstance(key, rsa.RSAPrivateKey)
            return key, x509.load_pem_x509_certificate(text)


def _new_pair() -> bytes:
    """Return a new key and its certificate, in PEM format."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    now, name = datetime.now(UTC), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=_DAYS))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
