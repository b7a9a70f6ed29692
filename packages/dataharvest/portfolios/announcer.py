"""Announces the portfolios of a large delivery on an EventBridge bus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dataharvest.database.session import Database
from dataharvest.deliveries import lock_current
from dataharvest.model.choreography import ANNOUNCER, Choreography
from dataharvest.model.delivery import Delivery
from dataharvest.model.portfolio import PortfolioEvent
from dataharvest.portfolios.waves import WAVE, lock_steps, open_steps, unfinished_portfolios
from dataharvest.resources import EVENT_SOURCE, PORTFOLIO_EVENT
from estrela.errors import LoadError, some_of

_ENTRIES = 10
"""Events per call, the limit of EventBridge."""


@dataclass(frozen=True)
class Announcer:
    """Puts one event per portfolio of a ``wave`` on ``bus``; ``events`` is an EventBridge client."""

    database: Database
    events: Any
    bus: str
    choreography: Choreography
    wave: int = WAVE

    def announce(self, delivery: Delivery) -> int:
        """Announce the unfinished portfolios of the current wave; return their number.

        A repeated call announces them again; each is still calculated only once. Raises LoadError if EventBridge
        refuses an event, or botocore's errors.
        """
        with self.database.transaction() as connection:
            current = lock_current(connection, delivery, ANNOUNCER)
            if current is None:
                return 0
            open_steps(connection, current, [transformer.name for transformer in self.choreography.streamed])
            references = unfinished_portfolios(connection, current, lock_steps(connection, current), self.wave)
        details = [PortfolioEvent(delivery, reference).to_json() for reference in references]
        for at in range(0, len(details), _ENTRIES):
            self._put(details[at : at + _ENTRIES])
        return len(details)

    def _put(self, details: list[str]) -> None:
        named = {"EventBusName": self.bus, "Source": EVENT_SOURCE, "DetailType": PORTFOLIO_EVENT}
        answer = self.events.put_events(Entries=[{**named, "Detail": detail} for detail in details])
        refused = sorted({entry["ErrorCode"] for entry in answer["Entries"] if "ErrorCode" in entry})
        if refused:
            raise LoadError("announcer", f"EventBridge refused events of portfolios: {some_of(refused)}")
