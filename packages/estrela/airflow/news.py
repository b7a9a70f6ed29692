"""Whether a run has anything to publish."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from estrela.airflow.connection import Connection


def news(star: str, connection: Mapping[str, str], params: Mapping[str, Any]) -> bool:
    """Return whether raw or code differ from what the newest publish was made from, or a full refresh is asked for."""
    from estrela.etl.raw.layer import RawLayer
    from estrela.etl.releases.manifests import Manifests
    from estrela.etl.releases.news import has_news
    from estrela.etl.releases.objects import S3Objects
    from estrela.model.star import load

    reached = Connection.of(connection)
    s3, lake = reached.client("s3"), reached.lake
    manifests, raw = Manifests(S3Objects(s3, lake), star), RawLayer(s3, lake, f"raw/{star}")
    return params["full_refresh"] or has_news(manifests, raw, [source.name for source in load(star).sources])
