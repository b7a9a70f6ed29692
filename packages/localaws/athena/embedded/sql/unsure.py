"""Refusals of function calls for which Athena's result is not certain."""

from __future__ import annotations


class UnsureError(ValueError):
    """An argument for which Athena's result is not certain."""

    def __init__(self, what: str) -> None:
        super().__init__(f"NOT_SUPPORTED: {what}")
