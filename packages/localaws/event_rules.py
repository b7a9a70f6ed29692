"""Rules of EventBridge: moto keeps them, and what they match goes to localaws' own deliveries."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from moto.events.models import Rule


class RuleTargets(Protocol):
    """Who sends an event to the targets of a rule."""

    def send(self, rule: Any, event: dict[str, Any]) -> None:
        """Send an event to the targets of one rule, if it matches."""


def install(bus_of: Callable[[], RuleTargets]) -> None:
    """Send what moto's rules match from here; moto keeps its archives. ``bus_of`` opens the bus when it is needed."""
    original = Rule.send_to_targets

    def send_to_targets(rule: Any, event: dict[str, Any], transform_input: bool = True) -> None:
        if not rule.targets:
            return
        archives = [target for target in rule.targets if target["Arn"].split(":")[5] == ""]
        if archives:
            only = copy.copy(rule)
            only.targets = archives
            original(only, event, transform_input)
        else:
            bus_of().send(rule, _as_aws_shows(event))

    Rule.send_to_targets = send_to_targets


def _as_aws_shows(event: dict[str, Any]) -> dict[str, Any]:
    """Moto's event with the time as text, and without what is moto's own."""
    shown: dict[str, Any] = json.loads(
        json.dumps({k: v for k, v in event.items() if k != "ingestion-time"}, default=str)
    )
    if isinstance(shown.get("time"), int | float):
        shown["time"] = datetime.fromtimestamp(shown["time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return shown
