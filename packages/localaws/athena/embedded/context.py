"""Everything that a statement needs to run on DuckDB."""

from __future__ import annotations

from dataclasses import dataclass, fields

from localaws.athena import engine
from localaws.athena.embedded.session import Session


@dataclass
class Context(engine.Context):
    """One running query, with its own DuckDB session."""

    session: Session

    @classmethod
    def of(cls, context: engine.Context, session: Session) -> Context:
        """Return the context of a run, with its session."""
        return cls(**{field.name: getattr(context, field.name) for field in fields(context)}, session=session)
