"""Delivery faults on request: events are duplicated, delayed, reordered or lost, as can happen on AWS."""

from __future__ import annotations

import random
import re
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from localaws.errors import LocalAwsError

_REORDER_SECONDS = 1.0
_SHARE = re.compile(r"0(\.\d+)?|1(\.0+)?")
_Item = TypeVar("_Item")
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)(ms|s)")


@dataclass(frozen=True)
class Misbehaviour:
    """Shares of events, from 0 to 1, that are duplicated and lost; ``delay`` is the longest delay in seconds."""

    duplicates: float = 0.0
    lose: float = 0.0
    delay: float = 0.0
    reorder: bool = False

    @property
    def longest_delay(self) -> float:
        """The longest delay in seconds."""
        return self.delay or (_REORDER_SECONDS if self.reorder else 0.0)


def parse_misbehaviour(text: str) -> Misbehaviour:
    """Read ``duplicates=0.2,reorder,lose=0.01,delay=2s``; raises LocalAwsError."""
    values: dict[str, float | bool] = {}
    for part in filter(None, text.split(",")):
        name, _, value = part.strip().partition("=")
        if name == "reorder" and not value:
            values[name] = True
        elif name in ("duplicates", "lose") and _SHARE.fullmatch(value):
            values[name] = float(value)
        elif name == "delay" and (match := _SECONDS.fullmatch(value)):
            values[name] = float(match[1]) / (1000 if match[2] == "ms" else 1)
        else:
            allowed = "duplicates=SHARE and lose=SHARE with a SHARE from 0 to 1, delay=2s or 200ms, reorder"
            raise LocalAwsError(f"misdelivery {part.strip()!r} is not known; allowed are {allowed}")
    return Misbehaviour(**values)  # type: ignore[arg-type]


class Misdelivery:
    """Decides how often and how late each event is delivered. The same seed gives the same decisions."""

    def __init__(self, misbehaviour: Misbehaviour, seed: int) -> None:
        self._misbehaviour = misbehaviour
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret

    def delays(self) -> list[float]:
        """Return the seconds until each delivery of one event: none if it is lost, two if it is duplicated."""
        plan = self._misbehaviour
        if self._random.random() < plan.lose:
            return []
        copies = 2 if self._random.random() < plan.duplicates else 1
        return [self._delay() for _ in range(copies)]

    def _delay(self) -> float:
        return self._random.uniform(0.0, self._misbehaviour.longest_delay)


class BatchMisdelivery:
    """Decides for the batches of one reader of a mapping. The same ``seed`` gives the same decisions.

    Nothing is lost: a mapping deletes a message, or moves past a record, only after its function processed it.
    """

    def __init__(self, misbehaviour: Misbehaviour, seed: str) -> None:
        self._misbehaviour = misbehaviour
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret

    def pause(self) -> float:
        """Return the delay of a batch in seconds."""
        return self._random.uniform(0.0, self._misbehaviour.longest_delay)

    def is_redelivered(self) -> bool:
        """Return whether messages or records are delivered again although the function processed them."""
        return self._random.random() < self._misbehaviour.duplicates

    def shuffled(self, items: Sequence[_Item], key: Callable[[_Item], str]) -> list[_Item]:
        """Return the items, shuffled if that was requested. Items with the same key keep their order."""
        if not self._misbehaviour.reorder:
            return list(items)
        of_key: defaultdict[str, deque[_Item]] = defaultdict(deque)
        for item in items:
            of_key[key(item)].append(item)
        keys = [key(item) for item in items]
        self._random.shuffle(keys)
        return [of_key[name].popleft() for name in keys]
