"""Functions shared by the calls on namespaces and workgroups: keys, look-ups and pages of documents."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from localaws.redshift.errors import ResourceNotFoundError
from localaws.redshift.serverless.store import ServerlessStore


def key_of(account: str, region: str, name: str) -> str:
    """Key of a document in the store."""
    return f"{account}/{region}/{name}"


def now() -> str:
    """Return the present time in the format of this service; clients in Go read no other."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def document_of(store: ServerlessStore, kind: str, account: str, region: str, name: str) -> dict[str, Any]:
    """Return a document; raises ResourceNotFoundError."""
    document: dict[str, Any] | None = store.read(kind).get(key_of(account, region, name))
    if document is None:
        raise ResourceNotFoundError(f"{kind[:-1].title()} {name} does not exist.")
    return document


def documents_of(store: ServerlessStore, kind: str, account: str, region: str) -> list[dict[str, Any]]:
    """Every document of one kind in a region of an account."""
    prefix = key_of(account, region, "")
    return [document for key, document in store.read(kind).items() if key.startswith(prefix)]


def page(name: str, documents: list[dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
    """The requested page, and the token of the next page."""
    start = int(request.get("nextToken") or 0)
    end = start + int(request.get("maxResults") or 100)
    return {name: documents[start:end]} | ({"nextToken": str(end)} if end < len(documents) else {})
