"""Tags of SES's e-mail identities under their ARN; moto stores them under another one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.sesv2.models import SESV2Backend
from moto.utilities.utils import get_partition


def install() -> None:
    """Make moto find the tags of identities. Call this before its first request to SESv2."""
    SESV2Backend.create_email_identity = _wrap_create(SESV2Backend.create_email_identity)
    SESV2Backend.delete_email_identity = _wrap_delete(SESV2Backend.delete_email_identity)


def _wrap_create(original: Callable[..., Any]) -> Callable[..., Any]:
    def create(backend: SESV2Backend, email_identity: str, tags: list[dict[str, str]] | None, **given: Any) -> Any:
        created = original(backend, email_identity, tags, **given)
        if tags:
            backend.core_backend.tagger.tag_resource(_arn(backend, email_identity), tags)
        return created

    return create


def _wrap_delete(original: Callable[..., Any]) -> Callable[..., Any]:
    def delete(backend: SESV2Backend, email_identity: str) -> None:
        original(backend, email_identity)
        backend.core_backend.tagger.delete_all_tags_for_resource(_arn(backend, email_identity))

    return delete


def _arn(backend: SESV2Backend, identity: str) -> str:
    partition = get_partition(backend.region_name)
    return f"arn:{partition}:ses:{backend.region_name}:{backend.account_id}:identity/{identity}"
