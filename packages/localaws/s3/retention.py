"""Object Lock of one version: how long the version is kept, and which changes of the lock are allowed.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
"""

from __future__ import annotations

from datetime import UTC, datetime

from localaws.s3.errors import S3Error
from localaws.s3.info import Facts

MODE = "x-amz-object-lock-mode"
UNTIL = "x-amz-object-lock-retain-until-date"
HOLD = "x-amz-object-lock-legal-hold"
BYPASS = "x-amz-bypass-governance-retention"
GOVERNANCE = "GOVERNANCE"
COMPLIANCE = "COMPLIANCE"
MODES = (GOVERNANCE, COMPLIANCE)
_PROTECTED = "Access Denied because object protected by object lock."


def check_removable(facts: Facts, bypass: bool) -> None:
    """Raise S3Error AccessDenied for a version under a legal hold or a retention; ``bypass`` lifts GOVERNANCE."""
    is_retained = _is_retained(facts) and not (bypass and facts.lock[MODE] == GOVERNANCE)
    if is_retained or facts.lock.get(HOLD) == "ON":
        raise S3Error("AccessDenied", _PROTECTED)


def check_change(facts: Facts, mode: str, until: str, bypass: bool) -> None:
    """Raise S3Error AccessDenied unless the retention may become ``mode`` until ``until``; both may be empty.

    A retention may always be extended or made stricter. Only GOVERNANCE can be weakened, with ``bypass``.
    """
    if not _is_retained(facts) or (bypass and facts.lock[MODE] == GOVERNANCE):
        return
    is_longer = bool(until) and moment_of(until) >= moment_of(facts.lock[UNTIL])
    if not is_longer or (facts.lock[MODE] == COMPLIANCE and mode != COMPLIANCE):
        raise S3Error("AccessDenied", _PROTECTED)


def moment_of(text: str) -> datetime:
    """Parse an ISO 8601 time; raises S3Error MalformedXML."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise S3Error("MalformedXML") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_retained(facts: Facts) -> bool:
    return MODE in facts.lock and moment_of(facts.lock[UNTIL]) > datetime.now(UTC)
