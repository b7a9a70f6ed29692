"""Checks of S3 that the destination of a notification exists."""

from __future__ import annotations

from localaws.functions.names import split
from localaws.functions.records import Records
from localaws.s3.notification_settings import NotificationRule


def problem_of(rule: NotificationRule, records: Records) -> tuple[str, str] | None:
    """Return the name and the text of S3's error if the destination of a rule does not exist, or None."""
    _, _, _, region, account, name = rule.arn.split(":", 5)
    if rule.kind == "CloudFunction":
        if records.exists(split(rule.arn).arn):
            return None
        return f"{rule.arn}, null", f"Not authorized to invoke function [{rule.arn}]"
    if rule.kind == "Queue":
        from moto.sqs.models import sqs_backends

        return (
            None if name in sqs_backends[account][region].queues else (rule.arn, "The destination queue does not exist")
        )
    from moto.sns.models import sns_backends

    is_there = rule.arn in sns_backends[account][region].topics
    return None if is_there else (rule.arn, "The destination topic does not exist")
