"""Validation of a lifecycle configuration, and the smallest object that its transitions move."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from localaws.s3.bucket_settings import named_configurations
from localaws.s3.documents import parse, text_of
from localaws.s3.errors import S3Error
from localaws.s3.model_values import values_of
from localaws.s3.retention import moment_of

MINIMUM = "x-amz-transition-default-minimum-object-size"
_LONGEST_ID = 255
_KIND = "lifecycle-minimum"
_DEFAULT_MINIMUM = "all_storage_classes_128K"


def check_lifecycle(body: bytes) -> None:
    """Raise S3Error for a configuration that S3 refuses."""
    rules = parse(body, "LifecycleConfiguration").findall("Rule")
    ids = [text_of(rule, "ID") for rule in rules if text_of(rule, "ID")]
    if any(len(rule_id) > _LONGEST_ID for rule_id in ids):
        raise S3Error("InvalidArgument", f"ID length should not exceed allowed limit of {_LONGEST_ID}")
    if len(set(ids)) < len(ids):
        raise S3Error("InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule")
    for rule in rules:
        _check_rule(rule)


def keep_minimum(bucket: str, headers: Mapping[str, str]) -> dict[str, str]:
    """Store the smallest object that a put configuration moves; return the header of the answer."""
    minimum = headers.get(MINIMUM, _DEFAULT_MINIMUM)
    named_configurations(bucket, _KIND)[""] = minimum.encode()
    return {MINIMUM: minimum}


def minimum_of(bucket: str) -> dict[str, str]:
    """Return the header of answers about a stored configuration."""
    return {MINIMUM: named_configurations(bucket, _KIND).get("", _DEFAULT_MINIMUM.encode()).decode()}


def check_minimum(headers: Mapping[str, str]) -> None:
    """Raise S3Error InvalidRequest for a value that S3 does not know."""
    if MINIMUM in headers and headers[MINIMUM] not in values_of("TransitionDefaultMinimumObjectSize"):
        raise S3Error("InvalidRequest", f"Invalid TransitionDefaultMinimumObjectSize found: {headers[MINIMUM][:50]}")


def _check_rule(rule: Element) -> None:
    if text_of(rule, "Status") not in ("Enabled", "Disabled"):
        raise S3Error("MalformedXML")
    if (rule.find("Filter") is None) == (rule.find("Prefix") is None):
        raise S3Error("MalformedXML")
    noncurrent = rule.find("NoncurrentVersionExpiration")
    if len(rule.find("Filter") or ()) > 1 or (noncurrent is not None and not len(noncurrent)):
        raise S3Error("MalformedXML")
    keys = [text_of(tag, "Key") for tag in rule.findall("Filter/And/Tag")]
    if len(set(keys)) < len(keys):
        raise S3Error("InvalidRequest", "Duplicate Tag Keys are not allowed.")
    for days in (*rule.findall("Expiration/Days"), *rule.findall("NoncurrentVersionExpiration/NoncurrentDays")):
        if not (days.text or "").strip().isdigit() or int(days.text or "0") < 1:
            text = f"'Days' for Expiration action must be a positive integer, not {(days.text or '')[:20]!r}"
            raise S3Error("InvalidArgument", text)
    if (expiration := rule.find("Expiration")) is not None:
        _check_expiration(expiration)


def _check_expiration(expiration: Element) -> None:
    if len(expiration) > 1:
        raise S3Error("MalformedXML")
    for date in expiration.findall("Date"):
        moment = moment_of(date.text or "").astimezone(UTC)
        if moment != datetime(moment.year, moment.month, moment.day, tzinfo=UTC):
            elements = {"ArgumentName": "Date", "ArgumentValue": (date.text or "")[:50]}
            raise S3Error("InvalidArgument", "'Date' must be at midnight GMT", elements)
