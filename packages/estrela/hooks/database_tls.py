"""libpq parameters that verify the certificate and host name of a PostgreSQL server."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from estrela.hooks.secret import Secret


def tls_of(secret: Secret, root_certificate: str = "") -> dict[str, str]:
    """Return the libpq parameters that verify the server's certificate and host name.

    The certificate authority is the field ``authority`` (certificates in PEM) of the secret, else the file
    ``root_certificate``. Without either, nothing is returned, and libpq's environment decides. Raises SettingsError if
    the secret cannot be read.
    """
    authority = secret.fields().get("authority", "")
    path = _file_of(authority) if authority else root_certificate
    return {"sslmode": "verify-full", "sslrootcert": path} if path else {}


def _file_of(certificates: str) -> str:
    """Return the path of a file with these certificates, as libpq reads them only from files. Equal certificates share
    a file.
    """
    data = certificates.encode()
    path = Path(tempfile.gettempdir()) / f"estrela-{os.getuid()}-{hashlib.sha256(data).hexdigest()}.pem"
    part = path.with_suffix(f".{os.getpid()}")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
    part.replace(path)
    return str(path)
