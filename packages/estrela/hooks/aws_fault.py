"""Faults of AWS calls, classified as transient or final by status, error code and exception class."""

from __future__ import annotations

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

CONNECTION_FAULTS = (
    exceptions.ConnectionError,
    exceptions.HTTPClientError,
    exceptions.CredentialRetrievalError,
    exceptions.IncompleteReadError,
)
THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
"""Error codes that botocore's standard retry mode retries."""
CONFLICTS = frozenset(
    {
        "ConcurrentModificationException",
        "ConcurrentRunsExceededException",
        "ConditionalRequestConflict",
        "ExpiredToken",
        "ExpiredTokenException",
        "OperationAborted",
        "PreconditionFailed",
    }
)
"""Another writer or run was faster, or a session ended: the call succeeds if it is repeated from the start."""


def is_transient(error: ClientError | BotoCoreError) -> bool:
    """Return whether the same call may succeed later: throttling, 5xx, conflicts, and failed connections."""
    if not isinstance(error, ClientError):
        return isinstance(error, CONNECTION_FAULTS)
    return is_transient_answer(status_of(error), str(error.response["Error"]["Code"]))


def is_transient_answer(status: int, code: str) -> bool:
    """Return whether the same request may succeed later, by the answer's HTTP status and error code."""
    return status >= 500 or status == 429 or code in THROTTLED | CONFLICTS


def status_of(error: ClientError) -> int:
    """Return the HTTP status of the answer; 400 if the service sent none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
