"""Job definitions and the operations on them."""

from __future__ import annotations


class JobOperations:
    """The part of a Glue backend that holds jobs and starts runs."""
