"""Errors of AWS's query protocol, which have one message; moto adds it again under the service model's name for it."""

from __future__ import annotations

from typing import Any

from moto.core.serialize import QuerySerializer


def install() -> None:
    """Make moto write the message once."""
    original = QuerySerializer._serialize_error_metadata

    def serialize_error_metadata(serializer: Any, serialized: Any, error: Exception, shape: Any) -> None:
        original(serializer, serialized, error, shape)
        if "Message" in serialized:
            serialized.pop("message", None)
        if serializer.service_model.service_name == "sqs":
            serialized["Detail"] = ""  # which SQS sends empty

    QuerySerializer._serialize_error_metadata = serialize_error_metadata
