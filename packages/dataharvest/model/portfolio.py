"""Events of portfolios."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dataharvest.model.delivery import Delivery


@dataclass(frozen=True)
class PortfolioEvent:
    """A portfolio of a large delivery whose values must be calculated."""

    delivery: Delivery
    portfolio_reference: str

    def to_json(self) -> str:
        """Return the event's detail."""
        return json.dumps({**asdict(self.delivery), "portfolio_reference": self.portfolio_reference})

    @classmethod
    def from_json(cls, text: str | bytes) -> PortfolioEvent:
        """Read the output of :meth:`to_json`. Raises ValueError."""
        document: Any = json.loads(text)
        if not isinstance(document, Mapping) or not isinstance(document.get("portfolio_reference"), str):
            raise ValueError("an event of a portfolio needs a portfolio_reference in addition to its delivery")
        delivery = {name: value for name, value in document.items() if name != "portfolio_reference"}
        return cls(Delivery.from_json(json.dumps(delivery)), document["portfolio_reference"])
