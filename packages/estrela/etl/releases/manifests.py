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
    ``release_id``. ``latest_id`` is the newest release that was ever current: after a rollback it is greater than
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
    """``releases/<star>/``: a manifest per release, the pointer, the watermark and the digests of the code."""

    objects: JsonObjects
    star: str

    @property
    def pointer_prefix(self) -> str:
        """The folder that holds only the pointer; Athena reads it as a table of one row."""
        return f"releases/{self.star}/current/"

    def pointer(self) -> tuple[Pointer | None, str]:
        """Return the pointer and its version; None and "" before the first release."""
        value, version = self.objects.read(f"{self.pointer_prefix}release.json")
        return (Pointer(**value) if value else None), version

    def current(self) -> Release | None:
        """Return the release that readers see, None before the first one."""
        pointer, _ = self.pointer()
        return self.read(pointer.release_id) if pointer else None

    def read(self, number: int) -> Release:
        """Return a release. Raises SettingsError if it has no manifest."""
        value, _ = self.objects.read(self._key(number))
        if not value:
            raise SettingsError("--release", f"release {number} of star {self.star} does not exist")
        return release_from(value)

    def create(self, release: Release) -> Release:
        """Store the release under the first free number from its own on and return it. Raises LoadError."""
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
        """Replace the pointer of this version. Raises LoadError if another run moved it."""
        if not self.objects.write(f"{self.pointer_prefix}release.json", asdict(pointer), version):
            raise LoadError(self.star, "another run changed the current release meanwhile; run the publish step again")

    def watermark(self) -> dict[str, Any]:
        """Return what the newest completed publish was made from; empty before the first one."""
        value, _ = self.objects.read(f"releases/{self.star}/watermark.json")
        return value

    def advance(self, raw: Mapping[str, int], digests: Mapping[str, str], release: int) -> None:
        """Record the raw versions and code digests that the tables are now up to date with, and the current release."""
        self._put("watermark", {"raw": dict(raw), "digests": dict(digests), "release": release})

    def code(self) -> dict[str, str]:
        """Return the digests of the code that the newest Glue run had; empty before the first one."""
        value, _ = self.objects.read(f"releases/{self.star}/code.json")
        return value

    def report_code(self, digests: Mapping[str, str]) -> None:
        """Record the digests of the code that this run has."""
        self._put("code", digests)

    def _put(self, name: str, value: Mapping[str, Any]) -> None:
        """Write a small object unless it holds this value; the last of several writers wins."""
        key = f"releases/{self.star}/{name}.json"
        known, version = self.objects.read(key)
        while known != value and not self.objects.write(key, value, version):
            known, version = self.objects.read(key)

    def _key(self, number: int) -> str:
        return f"releases/{self.star}/{number}.json"
