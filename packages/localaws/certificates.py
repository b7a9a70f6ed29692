"""A private certificate authority and a server certificate, for clients that require HTTPS."""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from localaws.errors import CertificateError

# Java's default password for its truststores. It protects nothing: the certificate of an authority is no secret.
TRUSTSTORE_PASSWORD = "changeit"  # noqa: S105
VALID = datetime.timedelta(days=365)
RENEW_BEFORE = datetime.timedelta(days=30)

AUTHORITY = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localaws, a development authority")])


def ensure(folder: Path, names: Sequence[str]) -> bool:
    """Create the files in ``folder`` unless they exist, cover ``names`` and are valid for another month.

    Return whether they were created. ``ca.pem`` and ``truststore.p12`` (PKCS#12, as Java reads it) contain the
    authority, ``server.pem`` and ``server-key.pem`` the server. The authority's private key is not stored: it signs
    once. Raises CertificateError.
    """
    if _is_usable(folder / "server.pem", names):
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _make(folder, names)
    except OSError as error:
        raise CertificateError(f"certificates cannot be written to {folder} ({error.strerror})") from error
    return True


def _make(folder: Path, names: Sequence[str]) -> None:
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _authority(authority_key)
    server = _server(server_key.public_key(), names, authority_key)
    pem = serialization.Encoding.PEM
    private = server_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(folder / "server-key.pem", private, 0o600)
    _write(folder / "ca.pem", authority.public_bytes(pem), 0o644)
    _write(folder / "truststore.p12", _truststore(authority), 0o644)
    # Written last: its presence means that all files are complete.
    _write(folder / "server.pem", server.public_bytes(pem), 0o644)


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    signs = x509.KeyUsage(
        key_cert_sign=True,
        crl_sign=True,
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = _builder(AUTHORITY, key.public_key())
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return builder.add_extension(signs, critical=True).sign(key, hashes.SHA256())


def _server(
    key: ec.EllipticCurvePublicKey, names: Sequence[str], authority_key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    builder = _builder(subject, key).add_extension(alternatives, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.add_extension(identifier, critical=False).sign(authority_key, hashes.SHA256())


def _builder(subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(AUTHORITY, subject, key, x509.random_serial_number())
    # Valid from before now, so that a client whose clock is a little slow accepts it.
    builder = builder.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + VALID)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _truststore(authority: x509.Certificate) -> bytes:
    entry = pkcs12.PKCS12Certificate(authority, b"localaws")
    encryption = serialization.BestAvailableEncryption(TRUSTSTORE_PASSWORD.encode())
    return pkcs12.serialize_java_truststore([entry], encryption)


def _is_usable(path: Path, names: Sequence[str]) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return False
    alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    good_for = certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    return alternatives.get_values_for_type(x509.DNSName) == list(names) and good_for > RENEW_BEFORE


def _write(path: Path, data: bytes, mode: int) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
