"""Whether a run has anything to publish."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from estrela.airflow.connection import Connection


def news(star: str, connection: Mapping[str, str], params: Mapping[str, Any]) -> bool:
    """Return whether raw or code differ from what the newest publish was made from, or a full refresh is asked for."""
    from estrela.etl.accounts.quarantine import Quarantine
    from estrela.etl.raw.layer import RawLayer
    from estrela.etl.releases.manifests import Manifests
    from estrela.etl.releases.news import has_news, raw_versions
    from estrela.hooks.json_objects import S3JsonObjects
    from estrela.model.star import load

    reached = Connection.of(connection)
    s3, lake = reached.client("s3"), reached.lake
    objects, raw = S3JsonObjects(s3, lake), RawLayer(s3, lake, f"raw/{star}")
    versions = raw_versions(raw, load(star).raw_names, Quarantine(objects, star))
    return params["full_refresh"] or has_news(Manifests(objects, star), versions)
