"""The gate of a star's DAG, which skips the remaining steps if nothing has changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from estrela.airflow.connection import Connection


def news(star: str, connection: Mapping[str, str], params: Mapping[str, Any]) -> bool:
    """Return whether raw data or code changed since the newest publish, or the run asks for a full refresh."""
    from estrela.etl.accounts.quarantine import Quarantine
    from estrela.etl.raw.layer import RawLayer
    from estrela.etl.releases.manifests import Manifests
    from estrela.etl.releases.news import changed_sources, has_news, raw_versions
    from estrela.hooks.json_objects import S3JsonObjects
    from estrela.model.star import load

    reached = Connection.of(connection)
    s3, lake = reached.client("s3"), reached.lake
    objects, raw = S3JsonObjects(s3, lake), RawLayer(s3, lake, f"raw/{star}")
    versions = raw_versions(raw, load(star).raw_names, Quarantine(objects, star))
    manifests = Manifests(objects, star)
    is_new = params["full_refresh"] or has_news(manifests, versions)
    print(outcome(is_new, changed_sources(manifests, versions), full_refresh=params["full_refresh"]))
    return is_new


def outcome(is_new: bool, sources: Sequence[str], *, full_refresh: bool) -> str:
    """Return a sentence for the log: the changed sources, or that nothing has changed."""
    if not is_new:
        return (
            "Nothing is new: files, code and release are the same as at the newest publish. The later steps are skipped"
            " and no table changes."
        )
    if full_refresh:
        return "Everything is rebuilt, because the run has full_refresh."
    if sources:
        return f"Changed since the newest publish: {', '.join(sources)}."
    return "The files are the same as at the newest publish, but the code or the release that readers see has changed."
