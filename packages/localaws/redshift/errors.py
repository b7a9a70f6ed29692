"""Errors of Redshift: of a statement, as its owner sees them, and of API requests."""

from __future__ import annotations

from http import HTTPStatus


class SqlError(Exception):
    """A statement that FAILED; DescribeStatement shows its text after ``ERROR: ``."""


class UnsupportedError(SqlError):
    """A construct whose result is not certain to be Redshift's."""

    def __init__(
        self, construct: str, reason: str = "is not supported, because the result could differ from Redshift's"
    ) -> None:
        super().__init__(f"NOT_SUPPORTED: {construct} {reason}")
        self.construct = construct


class StatementCancelledError(Exception):
    """A statement that was stopped by its owner."""


class ApiError(Exception):
    """The API refuses a request: ``code`` is the exception's name, HTTP 400 unless ``status`` says otherwise."""

    status = HTTPStatus.BAD_REQUEST

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ValidationError(ApiError):
    """ValidationException."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


class ResourceNotFoundError(ApiError):
    """ResourceNotFoundException."""

    def __init__(self, message: str) -> None:
        super().__init__("ResourceNotFoundException", message)


class ConflictError(ApiError):
    """ConflictException."""

    def __init__(self, message: str) -> None:
        super().__init__("ConflictException", message)
