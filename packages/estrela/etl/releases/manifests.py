"""The manifests of a star's releases and the pointer to the current one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from estrela.errors import LoadError, SettingsError
from estrela.etl.releases.release import Release, release_from
from estrela.hooks.json_objects import JsonObjects

ATTEMPTS = 100


@dataclass(frozen=True)
class Pointer:
    """The release that readers see.

    A query that starts before ``switched_at`` (seconds since 1970, UTC) sees ``replaced_id``, a later one sees
    ``release_id``. ``latest_id`` is the newest release that was ever current; after a rollback it is greater than
    ``release_id``.
    """

    release_id: int
    published_at: str
    replaced_id: int = 0
    replaced_published_at: str = ""
    switched_at: float = 0.0
    latest_id: int = 0
    replaced_latest_id: int = 0
    run_key: str = ""


@dataclass(frozen=True)
class Manifests:
    """Objects below ``releases/<star>/``: a manifest per release, the pointer, the watermark and the code digests."""

    objects: JsonObjects
    star: str

    @property
    def pointer_prefix(self) -> str:
        """The folder that only contains the pointer; Athena reads it as a table with one row."""
        return f"releases/{self.star}/current/"

    def pointer(self) -> tuple[Pointer | None, str]:
        """Return the pointer and its version, or None and "" before the first release."""
        value, version = self.objects.read(f"{self.pointer_prefix}release.json")
        return (Pointer(**value) if value else None), version

    def current(self) -> Release | None:
        """Return the release that readers see, or None before the first one."""
        pointer, _ = self.pointer()
        return self.read(pointer.release_id) if pointer else None

    def read(self, number: int) -> Release:
        """Return a release. Raises SettingsError if it has no manifest."""
        value, _ = self.objects.read(self._key(number))
        if not value:
            raise SettingsError("--release", f"release {number} of star {self.star} does not exist")
        return release_from(value)

    def create(self, release: Release) -> Release:
        """Store the release under the first free number, starting at its own, and return it. Raises LoadError."""
        for number in range(release.number, release.number + ATTEMPTS):
            numbered = replace(release, number=number)
            if self.objects.write(self._key(number), numbered.to_json(), ""):
                return numbered
        raise LoadError(
            self.star,
            f"releases {release.number} to {release.number + ATTEMPTS - 1} exist but none of them became current; "
            f"remove their manifests below releases/{self.star}/",
            retriable=False,
        )

    def point(self, pointer: Pointer, version: str) -> None:
        """Replace the pointer if it still has this version. Raises LoadError if another run has moved it."""
        if not self.objects.write(f"{self.pointer_prefix}release.json", asdict(pointer), version):
            raise LoadError(
                self.star, "another run changed the current release at the same time; run the publish step again"
            )

    def watermark(self) -> dict[str, Any]:
        """Return the inputs of the newest completed publish, or an empty dictionary before the first one."""
        value, _ = self.objects.read(f"releases/{self.star}/watermark.json")
        return value

    def advance(self, raw: Mapping[str, int], digests: Mapping[str, str], release: int) -> None:
        """Record the raw versions and code digests that the tables are up to date with, and the current release."""
        self._put("watermark", {"raw": dict(raw), "digests": dict(digests), "release": release})

    def code(self) -> dict[str, str]:
        """Return the code digests of the newest Glue run, or an empty dictionary before the first one."""
        value, _ = self.objects.read(f"releases/{self.star}/code.json")
        return value

    def report_code(self, digests: Mapping[str, str]) -> None:
        """Record the code digests of this run."""
        self._put("code", digests)

    def _put(self, name: str, value: Mapping[str, Any]) -> None:
        """Write a small object unless it has this value already; the last of several writers wins."""
        key = f"releases/{self.star}/{name}.json"
        known, version = self.objects.read(key)
        while known != value and not self.objects.write(key, value, version):
            known, version = self.objects.read(key)

    def _key(self, number: int) -> str:
        return f"releases/{self.star}/{number}.json"
