"""Identity of the provisioner's objects: marks that distinguish them from objects of people."""

from __future__ import annotations

import base64
import hashlib
import re
import uuid

PROJECT = "estrela"
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://estrela/metabase")
NOTE = re.compile(r"Managed as code \((collection|question|dashboard|database):([a-z][a-z0-9_]*)\)")


def entity_id(key: str) -> str:
    """Return the 21 characters that identify a question in every Metabase (in the form of a NanoID)."""
    digest = hashlib.sha256(f"{PROJECT}/{key}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()[:21]


def tag_id(question: str, variable: str) -> str:
    """Return the id of a question's variable."""
    return str(uuid.uuid5(NAMESPACE, f"{question}/{variable}"))


def filter_id(dashboard: str, key: str) -> str:
    """Return the id of a dashboard's filter: 8 hexadecimal digits."""
    return hashlib.sha256(f"{PROJECT}/{dashboard}/{key}".encode()).hexdigest()[:8]


def mark(kind: str, key: str) -> str:
    """Return the text that marks an object as managed, and that people can read."""
    return f"Managed as code ({kind}:{key})"


def note(kind: str, key: str) -> str:
    """Return the last line of a managed object's description."""
    return f"{mark(kind, key)}: changes made here are overwritten."


def marked_key(kind: str, text: object) -> str:
    """Return the key in the mark of an object of ``kind``; "" if ``text`` has no mark."""
    match = NOTE.search(str(text or ""))
    return match.group(2) if match and match.group(1) == kind else ""
