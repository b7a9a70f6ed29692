"""The inputs of a refined table, as noted with its commits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Inputs:
    """Digest of the code, and snapshot IDs of the trusted tables and of the dimensions, by name."""

    code: str
    sources: Mapping[str, int]
    dimensions: Mapping[str, int]

    def as_text(self) -> str:
        """Return the inputs as JSON, the same text for equal inputs."""
        return json.dumps(asdict(self), sort_keys=True)


def inputs_of(text: str) -> Inputs | None:
    """Return the inputs that :meth:`Inputs.as_text` wrote; None for an empty text."""
    return Inputs(**json.loads(text)) if text else None
