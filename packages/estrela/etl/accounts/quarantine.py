"""Files that an operator has set aside: they stay in raw, but no table is made from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import asdict, dataclass

from estrela.errors import LoadError
from estrela.etl.raw.raw_file import RawFile
from estrela.hooks.json_objects import JsonObjects

ATTEMPTS = 20


@dataclass(frozen=True)
class Decision:
    """The decision of an operator on a file, ``source_file`` (its sha256): set it aside, or take it in again.

    ``at`` is the time in UTC, ISO 8601.
    """

    source: str
    source_file: str
    is_set_aside: bool
    reason: str
    run_key: str
    at: str


@dataclass(frozen=True)
class Quarantine:
    """``quarantine/<star>.json``: all decisions on the files of a star, oldest first; none is ever removed."""

    objects: JsonObjects
    star: str

    def decisions(self) -> list[Decision]:
        """Return all decisions, oldest first."""
        value, _ = self.objects.read(self._key)
        return [Decision(**decision) for decision in value.get("decisions", [])]

    def set_aside(self) -> set[str]:
        """Return the files that are set aside now."""
        newest: Mapping[str, bool] = {decision.source_file: decision.is_set_aside for decision in self.decisions()}
        return {file for file, is_set_aside in newest.items() if is_set_aside}

    def record(self, decision: Decision) -> bool:
        """Add a decision and return True; return False if the file is in that state already. Raises LoadError."""
        for _ in range(ATTEMPTS):
            if (decision.source_file in self.set_aside()) == decision.is_set_aside:
                return False
            value, version = self.objects.read(self._key)
            decisions = [*value.get("decisions", []), asdict(decision)]
            if self.objects.write(self._key, {"decisions": decisions}, version):
                return True
        raise LoadError(self._key, f"{ATTEMPTS} other decisions were recorded first; run the step again")

    @property
    def _key(self) -> str:
        return f"quarantine/{self.star}.json"


def accepted(files: Iterable[RawFile], set_aside: Set[str]) -> list[RawFile]:
    """Return the files of answers none of whose pages is set aside: an answer counts whole or not at all."""
    listed = list(files)
    refused = {(file.request_id, file.version) for file in listed if file.sha256 in set_aside}
    return [file for file in listed if (file.request_id, file.version) not in refused]
