"""Files that are written to a temporary path, and then become objects as a whole."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from localaws.s3.info import Facts

if TYPE_CHECKING:
    from localaws.s3.layout import Draft
    from localaws.s3.store import ObjectStore

_BLOCK = 1 << 20


def put_draft(store: ObjectStore, bucket: str, key: str, draft: Draft) -> None:
    """Make the file at a draft's path an object."""
    digest = hashlib.md5(usedforsecurity=False)
    with Path(draft.path).open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    store.writes.put(bucket, key, draft, digest.hexdigest(), Facts())
