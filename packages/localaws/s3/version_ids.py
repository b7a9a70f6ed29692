"""Version IDs in S3's form: 32 letters, digits, dots and underscores. Check digits detect invented IDs."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets

from localaws.s3.info import NULL_VERSION

_RANDOM_BYTES = 21
_OLD = re.compile(r"[0-9a-f]{32}")  # IDs of homes whose IDs had no check digits


def new_version_id() -> str:
    """Return a new ID: 28 random characters and 4 check digits."""
    stem = _encoded(secrets.token_bytes(_RANDOM_BYTES))
    return stem + _check(stem)


def is_version_id(text: str) -> bool:
    """Return whether the text is a valid version ID, whether or not the version exists."""
    return text == NULL_VERSION or text[28:] == _check(text[:28]) or bool(_OLD.fullmatch(text))


def _check(stem: str) -> str:
    return _encoded(hashlib.sha256(stem.encode()).digest()[:3])


def _encoded(data: bytes) -> str:
    return base64.b64encode(data, altchars=b"._").decode()
