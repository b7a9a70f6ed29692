"""Files that an operator has set aside: they stay in the raw layer, but no table is made from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import asdict, dataclass

from estrela.errors import LoadError
from estrela.etl.raw.raw_file import RawFile
from estrela.hooks.json_objects import JsonObjects

ATTEMPTS = 20


@dataclass(frozen=True)
class Decision:
    """The decision of an operator to set aside the file with the sha256 ``source_file``, or to restore it.

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
    """All decisions on the files of a star, oldest first, in ``quarantine/<star>.json``; none is ever removed."""

    objects: JsonObjects
    star: str

    def decisions(self) -> list[Decision]:
        """Return all decisions, oldest first."""
        value, _ = self.objects.read(self._key)
        return [Decision(**decision) for decision in value.get("decisions", [])]

    def set_aside(self) -> set[str]:
        """Return the sha256 of the files that are currently set aside."""
        newest: Mapping[str, bool] = {decision.source_file: decision.is_set_aside for decision in self.decisions()}
        return {file for file, is_set_aside in newest.items() if is_set_aside}

    def record(self, decision: Decision) -> bool:
        """Add a decision and return True, or return False if the file already has that state. Raises LoadError."""
        for _ in range(ATTEMPTS):
            if (decision.source_file in self.set_aside()) == decision.is_set_aside:
                return False
            value, version = self.objects.read(self._key)
            decisions = [*value.get("decisions", []), asdict(decision)]
            if self.objects.write(self._key, {"decisions": decisions}, version):
                return True
        raise LoadError(
            self._key, f"other decisions were recorded first at each of {ATTEMPTS} attempts; run the step again"
        )

    @property
    def _key(self) -> str:
        return f"quarantine/{self.star}.json"


def accepted(files: Iterable[RawFile], set_aside: Set[str]) -> list[RawFile]:
    """Return the files of all answers without a page in ``set_aside``: an answer is accepted whole or not at all."""
    listed = list(files)
    refused = {(file.request_id, file.version) for file in listed if file.sha256 in set_aside}
    return [file for file in listed if (file.request_id, file.version) not in refused]
