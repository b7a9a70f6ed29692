"""News for a star: changes of raw, of code, and of the published release."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from estrela.errors import SettingsError
from estrela.etl.releases.manifests import Manifests, Pointer
from estrela.etl.releases.news import has_news
from estrela.etl.releases.release import Release

RAW = {"complaints": 3}


@dataclass
class ObjectsInMemory:
    objects: dict[str, str] = field(default_factory=dict)

    def read(self, key: str) -> tuple[dict[str, Any], str]:
        text = self.objects.get(key, "")
        return (json.loads(text) if text else {}), text

    def write(self, key: str, value: Mapping[str, Any], version: str) -> str:
        if self.objects.get(key, "") != version:
            return ""
        self.objects[key] = json.dumps(dict(value))
        return self.objects[key]


def published() -> tuple[ObjectsInMemory, Manifests]:
    """Return two releases, of which the second is current."""
    objects = ObjectsInMemory()
    manifests = Manifests(objects, "banking")
    for number in (1, 2):
        manifests.create(Release(number, "banking", "run", "2026-01-01", number - 1, {}, (), world="bank"))
    manifests.report_code({"dim_bank": "a"})
    manifests.point(Pointer(2, "2026-01-01", latest_id=2), "")
    manifests.advance(RAW, {"dim_bank": "a"}, 2)
    return objects, manifests


def test_raw_code_a_rollback_and_a_lost_pointer_are_news() -> None:
    objects, manifests = published()
    assert not has_news(manifests, RAW)
    assert has_news(manifests, {"complaints": 4})
    manifests.report_code({"dim_bank": "b"})
    assert has_news(manifests, RAW)
    manifests.report_code({"dim_bank": "a"})

    _, version = manifests.pointer()
    manifests.point(Pointer(1, "2026-01-01", replaced_id=2, latest_id=2), version)
    assert has_news(manifests, RAW)
    manifests.advance(RAW, {"dim_bank": "a"}, 1)
    assert not has_news(manifests, RAW)

    del objects.objects["releases/banking/current/release.json"]
    assert has_news(manifests, RAW)


def test_a_current_release_without_a_manifest_is_an_error() -> None:
    objects, manifests = published()
    assert manifests.read(2).world == "bank"
    del objects.objects["releases/banking/2.json"]
    with pytest.raises(SettingsError, match="release 2 of star banking does not exist"):
        has_news(manifests, RAW)
