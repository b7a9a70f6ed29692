"""Parts that a statement needs to run on DuckDB."""

from __future__ import annotations

from dataclasses import dataclass, fields

from localaws.athena import engine
from localaws.athena.embedded.session import Session


@dataclass
class Context(engine.Context):
    """One query under way, with the DuckDB session that is its own."""

    session: Session

    @classmethod
    def of(cls, context: engine.Context, session: Session) -> Context:
        """The context of a run, with its session."""
        return cls(**{field.name: getattr(context, field.name) for field in fields(context)}, session=session)
