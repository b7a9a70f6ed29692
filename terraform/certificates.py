"""``python terraform/certificates.py``: the certificates of the authorities of Amazon RDS, as AWS publishes them.

They are written to ``dist/rds.pem``, and go from there to whatever verifies a database: the layers of the functions,
the Glue runs of feeds, the images. RDS_CERTIFICATES names another address or file of them.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
"""

from __future__ import annotations

import os
import sys
import urllib.request
from pathlib import Path

TARGET = Path(__file__).resolve().parents[1] / "dist" / "rds.pem"
ADDRESS = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
SECONDS = 30


def main() -> int:
    """Download them, and print where they are."""
    TARGET.parent.mkdir(exist_ok=True)
    print(download(TARGET))
    return 0


def download(path: Path) -> Path:
    """Write the certificates to ``path``. Ends the program where none can be had; an older file then stays."""
    place = os.environ.get("RDS_CERTIFICATES", ADDRESS)
    address = place if "://" in place else Path(place).absolute().as_uri()
    try:
        with urllib.request.urlopen(address, timeout=SECONDS) as answer:  # noqa: S310 - who builds names it
            data = answer.read()
    except OSError as error:
        sys.exit(
            f"terraform/certificates.py: no certificates of RDS from {place}: {error}; RDS_CERTIFICATES names a file"
        )
    if b"-----BEGIN CERTIFICATE-----" not in data:
        sys.exit(f"terraform/certificates.py: {place} holds no certificate in PEM; RDS_CERTIFICATES names a file")
    path.write_bytes(data)
    return path


if __name__ == "__main__":
    sys.exit(main())
