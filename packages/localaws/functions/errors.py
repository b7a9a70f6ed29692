"""Errors of Lambda's API, as its clients read them."""

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
    """One error of the API: ``code`` is its exception's name; ``reason`` is set where the error has one.

    A few errors do not say that the user is their ``cause``.
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
    """A value that Lambda does not take."""
    return LambdaError("InvalidParameterValueException", message, cause=cause)


def not_found(message: str) -> LambdaError:
    """A resource that does not exist."""
    return LambdaError("ResourceNotFoundException", message)


def refused(setting: str, why: str) -> LambdaError:
    """A setting that AWS honours and localaws does not: it is refused by name, never ignored."""
    return invalid(f"localaws does not honour {setting}: {why}")
