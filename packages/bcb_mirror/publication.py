"""The current state of the ranking: quarters that are published, corrected, damaged or withheld."""

from __future__ import annotations

from collections.abc import Iterable
from threading import RLock

from bcb_mirror.correction import corrected
from bcb_mirror.damage import damaged
from bcb_mirror.errors import QuarterError
from bcb_mirror.quarters import Quarter
from bcb_mirror.world import World

TYPE = "Bancos e financeiras"
PERIODICITY = "TRIMESTRAL"
# Other rankings in the same catalogue, and the bimonthly ranking of old years. Their files are not mirrored.
_CONSORTIA = {"tipo": "Consorcios"}
_BIMONTHLY_YEARS = (2016, 2015)


class Publication:
    """The published state of a world's ranking; safe to change while the mirror serves it."""

    def __init__(self, world: World, until: Quarter | None = None, withheld: Iterable[Quarter] = ()) -> None:
        """Publish the world's quarters up to ``until`` (default: all); ``withheld`` ones are listed without a file."""
        self._world = world
        self._lock = RLock()
        self._released = [quarter for quarter in world.quarters() if until is None or quarter <= until]
        if not self._released:
            raise QuarterError(f"no quarter up to {until}: the data begins with {min(world.quarters())}")
        self._changed: dict[Quarter, bytes] = {}
        self._withheld: set[Quarter] = set()
        for quarter in withheld:
            self.withhold(quarter)

    def quarters(self) -> list[Quarter]:
        """The quarters that the catalogue lists, in order."""
        with self._lock:
            return list(self._released)

    def file(self, quarter: Quarter) -> bytes | None:
        """Return the bytes served for ``quarter``, or None if nothing is published."""
        with self._lock:
            if quarter not in self._released or quarter in self._withheld:
                return None
            return self._changed.get(quarter) or self._world.ranking(quarter)

    def publish_next(self) -> Quarter:
        """Publish the quarter after the last one; raise QuarterError at the end of the data."""
        with self._lock:
            following = self._world.quarter_after(self._released[-1])
            if following is None:
                raise QuarterError(f"no data exists after {self._released[-1]}")
            self._released.append(following)
            return following

    def correct(self, quarter: Quarter, seed: int = 0) -> bytes:
        """Publish ``quarter`` again with different numbers, which depend on the seed."""
        with self._lock:
            self._changed[quarter] = corrected(self._original(quarter), quarter, seed)
            return self._changed[quarter]

    def damage(self, quarter: Quarter, kind: str) -> bytes:
        """Serve ``quarter`` with a damage of :data:`bcb_mirror.damage.DAMAGES`."""
        with self._lock:
            self._changed[quarter] = damaged(self._original(quarter), kind)
            return self._changed[quarter]

    def withhold(self, quarter: Quarter) -> None:
        """Keep ``quarter`` in the list, but answer 204 for its file."""
        with self._lock:
            self._original(quarter)
            self._withheld.add(quarter)

    def restore(self, quarter: Quarter) -> None:
        """Serve ``quarter`` as it was first published."""
        with self._lock:
            self._original(quarter)
            self._changed.pop(quarter, None)
            self._withheld.discard(quarter)

    def catalogue(self) -> dict[str, object]:
        """Return the catalogue in the service's format, newest year first."""
        with self._lock:
            years = sorted({quarter.year for quarter in self._released}, reverse=True)
            recent = [{"ano": str(year), "periodicidades": self._periodicities(year)} for year in years]
        old = [
            {"ano": str(year), "periodicidades": [{"periodicidade": "BIMESTRAL", "periodos": _periods(6)}]}
            for year in _BIMONTHLY_YEARS
        ]
        return {"anos": recent + old}

    def _periodicities(self, year: int) -> list[dict[str, object]]:
        quarters = [quarter for quarter in reversed(self._released) if quarter.year == year]
        quarterly = [{"periodo": quarter.number, "tipos": self._types(quarter)} for quarter in quarters]
        halves = sorted({(quarter.number + 1) // 2 for quarter in quarters}, reverse=True)
        half_yearly = [{"periodo": half, "tipos": [_CONSORTIA]} for half in halves]
        return [
            {"periodicidade": PERIODICITY, "periodos": quarterly},
            {"periodicidade": "SEMESTRAL", "periodos": half_yearly},
        ]

    def _types(self, quarter: Quarter) -> list[dict[str, str]]:
        """Return the types of a quarter's rankings; a quarter that was never published has none."""
        return [] if self._world.ranking(quarter) is None else [{"tipo": TYPE}]

    def _original(self, quarter: Quarter) -> bytes:
        content = self._world.ranking(quarter) if quarter in self._released else None
        if content is None:
            published = ", ".join(str(each) for each in self._released if self._types(each))
            raise QuarterError(f"{quarter} is not published; published are {published}")
        return content


def _periods(count: int) -> list[dict[str, object]]:
    return [{"periodo": number, "tipos": [{"tipo": TYPE}]} for number in range(count, 0, -1)]
