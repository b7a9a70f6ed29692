"""Operations of Lambda's API whose reads and writes cannot be separated by another request."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from localaws.functions.records import Records
from localaws.functions.wire import Call


class Caller(Protocol):
    """An object whose methods are operations on records."""

    _records: Records


C = TypeVar("C", bound=Caller)


def atomic(operation: Callable[[C, Call], dict[str, Any]]) -> Callable[[C, Call], dict[str, Any]]:
    """Run an operation in one transaction, so that no other request changes what it has read before it writes."""

    @functools.wraps(operation)
    def run(caller: C, call: Call) -> dict[str, Any]:
        with caller._records.documents.transaction():
            return operation(caller, call)

    return run
