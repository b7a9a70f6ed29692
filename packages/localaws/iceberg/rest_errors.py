"""The REST specification's errors: status, type and JSON."""

from __future__ import annotations

from pydantic import ValidationError
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NamespaceNotEmptyError,
    NoSuchNamespaceError,
    NoSuchTableError,
    NoSuchViewError,
    TableAlreadyExistsError,
)

MAX_MESSAGE = 2000


class UnprocessableError(ValueError):
    """A request that contradicts itself."""


# The first match is used, so a subclass is listed before its base.
_KINDS: tuple[tuple[type[Exception], int, str], ...] = (
    (NoSuchTableError, 404, "NoSuchTableException"),
    (NoSuchNamespaceError, 404, "NoSuchNamespaceException"),
    (NoSuchViewError, 404, "NoSuchViewException"),
    (FileNotFoundError, 404, "NotFoundException"),
    (TableAlreadyExistsError, 409, "AlreadyExistsException"),
    (NamespaceAlreadyExistsError, 409, "AlreadyExistsException"),
    (NamespaceNotEmptyError, 409, "NamespaceNotEmptyException"),
    (CommitFailedException, 409, "CommitFailedException"),
    (UnprocessableError, 422, "UnprocessableEntityException"),
    (KeyError, 400, "BadRequestException"),
    (ValueError, 400, "BadRequestException"),
    (OSError, 500, "InternalServerException"),
)
HANDLED = tuple(kind for kind, _, _ in _KINDS)


def error_response(error: Exception) -> tuple[int, dict[str, object]]:
    """The status and the body for an error of a type in :data:`HANDLED`."""
    status, name = next((status, name) for kind, status, name in _KINDS if isinstance(error, kind))
    return status, {"error": {"message": _message(error)[:MAX_MESSAGE], "type": name, "code": status}}


def _message(error: Exception) -> str:
    if isinstance(error, ValidationError):
        parts = [f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors()[:5]]
        return f"the request is not what the REST specification says: {'; '.join(parts)}"
    if isinstance(error, KeyError):
        return f"the request lacks the field {error.args[0]!r}"
    return str(error)
