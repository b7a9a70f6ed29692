"""The states of a file. The database enforces the allowed transitions (``ledger.allowed_transitions``)."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """State of a file on its way into the warehouse."""

    NEW = "New"
    REJECTED = "Rejected"
    FILTERED_OUT = "Filtered Out"
    IN_PROGRESS = "In Progress"
    DONE = "Done"
    FAIL = "Fail"
