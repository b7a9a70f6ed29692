"""Switches the readers of a star from one release to another as a whole."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from estrela.errors import LoadError, SettingsError
from estrela.etl.releases import statements
from estrela.etl.releases.claim import Claim
from estrela.etl.releases.manifests import Manifests, Pointer
from estrela.etl.releases.release import Release
from estrela.etl.releases.views import Views
from estrela.etl.star_tables import StarTables

MARGIN_SECONDS = 3.0
"""Longer than the clock differences within AWS, and longer than a write to S3."""


@dataclass(frozen=True)
class Switch:
    """Publishes and rolls back releases. All methods require the claim.

    A switch has three phases. First, every changed view gets both releases and shows the one that ``<star>.release``
    names. Second, the pointer moves, with effect for all queries that start after a time shortly ahead. Third, the
    views get only the new release. If a run dies at any point, readers see exactly one release, and the next run
    finishes the switch.
    """

    manifests: Manifests
    views: Views
    claim: Claim
    location: str
    margin: float = MARGIN_SECONDS
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep

    def publish(self, release: Release) -> None:
        """Make a stored release the current one. :meth:`settle` must follow. Raises LoadError."""
        self.settle()
        pointer, version = self.manifests.pointer()
        if pointer is not None:
            self._move(self.manifests.read(pointer.release_id), release, release.number)
            return
        # Each of these statements depends on the one before it.
        for statement in statements.set_up(self.manifests.star, self.location):
            self.views.run([statement])
        self.claim.mark([view.name for view in release.views])
        first = Pointer(release.number, release.published_at, latest_id=release.number, run_key=self.claim.run_key)
        self.manifests.point(first, version)

    def roll_back(self, number: int = 0) -> Release:
        """Switch readers back to a release (default: the one before the current release), and return it.

        Raises SettingsError if there is no such release, LoadError if its snapshots have expired.
        """
        self.settle()
        pointer, _ = self.manifests.pointer()
        if pointer is None:
            raise SettingsError("--release", f"star {self.manifests.star} has no release yet; publish one first")
        current = self.manifests.read(pointer.release_id)
        if not number and not current.replaces:
            raise SettingsError("--release", f"release {current.number} is the first one and replaces none")
        target = self.manifests.read(number or current.replaces)
        if target.number != current.number:
            self._show_again(current, target, pointer.latest_id)
        self.settle()
        return target

    def _show_again(self, current: Release, target: Release, latest: int) -> None:
        try:
            self._move(current, target, latest)
        except LoadError as error:
            if error.retriable:
                raise
            # Maintenance removes the snapshots of old releases.
            stay = f"release {target.number} cannot be shown any more, readers stay with release {current.number}"
            raise LoadError(
                target.star, f"{stay}; give a newer one with --release: {error}", retriable=False
            ) from error

    def settle(self) -> None:
        """Finish a switch: the switching views get only the current release. Repeatable. Raises LoadError."""
        pointer, _ = self.manifests.pointer()
        if not self.claim.switching or pointer is None:
            return
        star = self.manifests.star
        current = {view.name: view for view in self.manifests.read(pointer.release_id).views}
        # A query that started before the switch may still be resolving its views.
        self.sleep(max(0.0, pointer.switched_at + self.margin - self.clock()))
        self.views.run(
            [
                statements.create_view(star, current[name]) if name in current else statements.drop_view(star, name)
                for name in self.claim.switching
            ]
        )
        self._note_rollback(pointer)
        self.claim.mark(())

    def _note_rollback(self, pointer: Pointer) -> None:
        """Add a row to the table of runs if the switch was a rollback. Repeatable."""
        if pointer.latest_id != pointer.replaced_latest_id:
            return
        now, before = self.manifests.read(pointer.release_id), self.manifests.read(pointer.replaced_id)
        self.views.run([statements.note_rollback(StarTables(now.star).runs, pointer, now.changed_tables(before))])

    def _move(self, old: Release, new: Release, latest: int) -> None:
        """Make the views show either release, then move the pointer."""
        pointer, version = self.manifests.pointer()
        before, after = ({view.name: view for view in release.views} for release in (old, new))
        changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        self.claim.mark(changed)
        self.views.run(
            [
                statements.create_switching_view(
                    self.manifests.star, (old.number, before[name]), (new.number, after.get(name))
                )
                for name in changed
                if name in before
            ]
        )
        self.claim.check()
        moved = Pointer(
            release_id=new.number,
            published_at=new.published_at,
            replaced_id=old.number,
            replaced_published_at=old.published_at,
            switched_at=self.clock() + self.margin,
            latest_id=latest,
            replaced_latest_id=pointer.latest_id if pointer else 0,
            run_key=self.claim.run_key,
        )
        self.manifests.point(moved, version)
