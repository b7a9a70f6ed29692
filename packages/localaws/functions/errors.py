"""Errors of Lambda's API, in the form that its clients read."""

from __future__ import annotations

from http import HTTPStatus

_STATUSES = {
    "InvalidParameterValueException": HTTPStatus.BAD_REQUEST,
    "InvalidRequestContentException": HTTPStatus.BAD_REQUEST,
    "ValidationException": HTTPStatus.BAD_REQUEST,
    "ResourceNotFoundException": HTTPStatus.NOT_FOUND,
    "ProvisionedConcurrencyConfigNotFoundException": HTTPStatus.NOT_FOUND,
    "ResourceConflictException": HTTPStatus.CONFLICT,
    "ResourceInUseException": HTTPStatus.BAD_REQUEST,
    "PreconditionFailedException": HTTPStatus.PRECONDITION_FAILED,
    "RequestEntityTooLargeException": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "TooManyRequestsException": HTTPStatus.TOO_MANY_REQUESTS,
    "CodeStorageExceededException": HTTPStatus.BAD_REQUEST,
}


class LambdaError(Exception):
    """One error of the API: ``code`` is the name of its exception, ``reason`` is set if the error has a reason.

    ``cause`` is User, except in a few errors.
    """

    def __init__(self, code: str, message: str, reason: str = "", cause: str = "User") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason
        self.cause = cause

    @property
    def status(self) -> HTTPStatus:
        """HTTP status of the answer."""
        return _STATUSES[self.code]

    def document(self) -> dict[str, str]:
        """The answer's body."""
        if self.code in ("ValidationException", "RequestEntityTooLargeException"):
            return {"message": self.message}
        name = "Message" if self.status == HTTPStatus.NOT_FOUND else "message"
        reason = {"Reason": self.reason} if self.reason else {}
        cause = {"Type": self.cause} if self.cause else {}
        return {**cause, name: self.message, **reason}


def invalid(message: str, cause: str = "User") -> LambdaError:
    """Return the error for a value that Lambda does not accept."""
    return LambdaError("InvalidParameterValueException", message, cause=cause)


def not_found(message: str) -> LambdaError:
    """Return the error for a resource that does not exist."""
    return LambdaError("ResourceNotFoundException", message)


def refused(setting: str, why: str) -> LambdaError:
    """Return the error for a setting that AWS supports and localaws does not. Such settings are never ignored."""
    return invalid(f"localaws does not support {setting}: {why}")
