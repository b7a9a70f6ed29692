"""Errors of Glue jobs: those of the API, and the error that ends a run before its script starts."""

from __future__ import annotations

from moto.glue.exceptions import GlueClientError


class JobAlreadyExistsError(GlueClientError):
    """CreateJob with the name of a job that exists."""

    def __init__(self, name: str) -> None:
        super().__init__("AlreadyExistsException", f"Job {name} already exists; change it with UpdateJob.")


class PreparationError(Exception):
    """A run cannot start; the message becomes its ErrorMessage."""
