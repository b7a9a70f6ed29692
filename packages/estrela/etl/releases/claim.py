"""The claim of a run to a star's views: only one run at a time publishes or rolls back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from estrela.errors import LoadError
from estrela.etl.run_key import branch_of, run_of
from estrela.hooks.json_objects import JsonObjects

WAIT_SECONDS = 600.0
POLL_SECONDS = 1.0


@dataclass
class Claim:
    """The claim of a run, stored in ``releases/<star>/claim.json``.

    ``switching`` names the views that may show either of two releases. It outlives a killed run, so that the next run
    finishes the switch. ``active`` returns the branches of the currently active runs; the claim of any other run counts
    as abandoned.
    """

    objects: JsonObjects
    star: str
    run_key: str
    active: Callable[[], set[str]]
    sleep: Callable[[float], None] = time.sleep
    switching: tuple[str, ...] = ()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the claim within the block. Raises LoadError if another active run keeps it for ten minutes."""
        self._acquire()
        try:
            yield
        finally:
            # After a failure in the block another run may hold the claim; its claim is not changed.
            if self._is_own():
                self._write("")

    def mark(self, switching: Sequence[str]) -> None:
        """Record the views that may show either of two releases. Raises LoadError if the claim was lost."""
        self.check()
        self.switching = tuple(switching)
        self._write(run_of(self.run_key))

    def check(self) -> None:
        """Raise LoadError if another run has taken over the claim."""
        if not self._is_own():
            raise LoadError(self.star, f"run {run_of(self.run_key)} lost its claim to publish; run the step again")

    def _acquire(self) -> None:
        waited = 0.0
        while True:
            value, version = self.objects.read(self._key)
            holder = value.get("holder", "")
            if not holder or holder == run_of(self.run_key) or branch_of(holder) not in self.active():
                self.switching = tuple(value.get("switching", ()))
                if self.objects.write(self._key, self._value(run_of(self.run_key)), version):
                    return
            if waited >= WAIT_SECONDS:
                raise LoadError(self.star, f"run {holder} has been publishing for {WAIT_SECONDS:g} s; try again later")
            self.sleep(POLL_SECONDS)
            waited += POLL_SECONDS

    def _is_own(self) -> bool:
        value, _ = self.objects.read(self._key)
        return bool(value.get("holder", "") == run_of(self.run_key))

    def _write(self, holder: str) -> None:
        _, version = self.objects.read(self._key)
        if not self.objects.write(self._key, self._value(holder), version):
            raise LoadError(self.star, f"run {run_of(self.run_key)} lost its claim to publish; run the step again")

    def _value(self, holder: str) -> dict[str, object]:
        return {"holder": holder, "switching": list(self.switching)}

    @property
    def _key(self) -> str:
        return f"releases/{self.star}/claim.json"
