"""Dispatch of a statement to the API, the catalog's DDL, or the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.api.prepared import deallocate, prepare
from localaws.athena.ddl.statements import HANDLERS

if TYPE_CHECKING:
    from localaws.athena.api.backend import LocalAthenaBackend
    from localaws.athena.engine import Context
    from localaws.athena.outcome import Outcome
    from localaws.athena.syntax.statements import Statement

_PREPARED = {"PREPARE": prepare, "DEALLOCATE": deallocate}


def answer(context: Context, statement: Statement, saved: LocalAthenaBackend) -> Outcome:
    """Run a statement; raise its error if it fails."""
    if on_saved := _PREPARED.get(statement.kind):
        return on_saved(saved, context.execution.workgroup, statement)
    if on_catalog := HANDLERS.get(statement.kind):
        return on_catalog(context, statement)
    return context.run.answer(context, statement)
