"""Parameters of libpq by which the certificate and the name of a PostgreSQL server are verified."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from estrela.hooks.secret import Secret


def tls_of(secret: Secret, root_certificate: str = "") -> dict[str, str]:
    """Return libpq's parameters: the server must prove its name by an authority.

    The authority is the field ``authority`` (certificates in PEM) of the secret, else the file ``root_certificate``.
    Without either nothing is returned: libpq's environment then decides. Raises SettingsError if the secret cannot be
    read.
    """
    authority = secret.fields().get("authority", "")
    path = _file_of(authority) if authority else root_certificate
    return {"sslmode": "verify-full", "sslrootcert": path} if path else {}


def _file_of(certificates: str) -> str:
    """Return a file with these certificates: libpq takes them from a file only. The same ones have the same file."""
    data = certificates.encode()
    path = Path(tempfile.gettempdir()) / f"estrela-{os.getuid()}-{hashlib.sha256(data).hexdigest()}.pem"
    part = path.with_suffix(f".{os.getpid()}")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
    part.replace(path)
    return str(path)
