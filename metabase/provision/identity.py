"""Identity of the provisioner's objects: marks that tell them from those of people."""

from __future__ import annotations

import base64
import hashlib
import re
import uuid

PROJECT = "estrela"
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://estrela/metabase")
NOTE = re.compile(r"Managed as code \((collection|question|dashboard|database):([a-z][a-z0-9_]*)\)")


def entity_id(key: str) -> str:
    """The 21 characters that a question keeps in every Metabase (a NanoID by its looks)."""
    digest = hashlib.sha256(f"{PROJECT}/{key}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()[:21]


def tag_id(question: str, variable: str) -> str:
    """The id of a question's variable."""
    return str(uuid.uuid5(NAMESPACE, f"{question}/{variable}"))


def filter_id(dashboard: str, key: str) -> str:
    """The id of a dashboard's filter: 8 hexadecimal digits."""
    return hashlib.sha256(f"{PROJECT}/{dashboard}/{key}".encode()).hexdigest()[:8]


def mark(kind: str, key: str) -> str:
    """The text by which an object is known to be managed, and which people read."""
    return f"Managed as code ({kind}:{key})"


def note(kind: str, key: str) -> str:
    """The last line of a managed object's description."""
    return f"{mark(kind, key)}: changes made here are overwritten."


def marked_key(kind: str, text: object) -> str:
    """The key in the mark of an object of ``kind``; "" if ``text`` holds none."""
    match = NOTE.search(str(text or ""))
    return match.group(2) if match and match.group(1) == kind else ""
