"""The inputs of a refined table, recorded with its commits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Inputs:
    """Digest of the code, and the snapshot IDs of the trusted tables and the dimensions, by name."""

    code: str
    sources: Mapping[str, int]
    dimensions: Mapping[str, int]

    def as_text(self) -> str:
        """Return the inputs as JSON. Equal inputs give the same text."""
        return json.dumps(asdict(self), sort_keys=True)


def inputs_of(text: str) -> Inputs | None:
    """Return the inputs written by :meth:`Inputs.as_text`, or None for an empty text."""
    return Inputs(**json.loads(text)) if text else None
