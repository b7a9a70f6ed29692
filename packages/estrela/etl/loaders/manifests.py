"""Manifests: files that list the files of a delivery, which are loaded only when all of them have arrived."""

from __future__ import annotations

import json
from dataclasses import dataclass

from estrela.errors import FileRefusedError
from estrela.etl.loaders.landed_claim import landed_of
from estrela.hooks.landed_files import LandedFiles
from estrela.ledger.claims import Claim, Claims, settle
from estrela.ledger.state import State

MOST_BYTES = 4 << 20
"""Maximum size of a manifest, about 40,000 names."""
NAMED = """
INSERT INTO ledger.deliveries (manifest, bucket, key, size)
SELECT %s, %s, * FROM unnest(%s::text[], %s::bigint[]) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class Named:
    """A file that a manifest lists; ``size`` in bytes, None if the manifest omits it."""

    key: str
    size: int | None = None


def named_files(content: bytes, bucket: str, key: str) -> list[Named]:
    """Return the files that the manifest ``key`` lists.

    A manifest is a text with one name per line, relative to its folder, or a JSON document in Redshift's format:
    ``{"entries": [{"url": "s3://...", "meta": {"content_length": 1}}]}``. Raises ValueError.
    """
    text = content.decode("utf-8-sig")
    if not text.lstrip().startswith("{"):
        folder = key[: key.rfind("/") + 1]
        names = [line.strip() for line in text.splitlines() if line.strip()]
        files = [Named(f"{folder}{name}") for name in names]
    else:
        files = [_entry(entry, f"s3://{bucket}/") for entry in json.loads(text)["entries"]]
    if not files:
        raise ValueError("it lists no file")
    return files


def _entry(entry: dict[str, object], root: str) -> Named:
    url, meta = entry["url"], entry.get("meta") or {}
    if not isinstance(url, str) or not url.startswith(root) or not isinstance(meta, dict):
        raise ValueError(f"it lists {url!r}, which is not in {root}")
    size = meta.get("content_length")
    return Named(url.removeprefix(root), None if size is None else int(size))


@dataclass(frozen=True)
class Manifests:
    """Reads the manifests of a feed into the ledger."""

    claims: Claims
    files: LandedFiles

    def read(self, claim: Claim) -> int:
        """Record the files that a manifest lists and set it to Done, in one transaction; return their number.

        Raises FileRefusedError, ClaimLostError and LoadError.
        """
        with self.files.open(landed_of(claim)) as body:
            content = body.read(MOST_BYTES + 1)
        try:
            if len(content) > MOST_BYTES:
                raise ValueError(f"it is larger than {MOST_BYTES:,} bytes")
            named = named_files(content, claim.bucket, claim.key)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FileRefusedError(claim.feed.name, claim.address, f"it is not a valid manifest: {error}") from error
        with self.claims.database.transaction("ledger.deliveries") as cursor:
            keys, sizes = [file.key for file in named], [file.size for file in named]
            cursor.execute(NAMED, (claim.file, claim.bucket, keys, sizes))
            settle(cursor, claim, State.DONE)
        return len(named)
