"""Whether a run has anything to publish, and what was published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from estrela.airflow.connection import Connection


def news(star: str, connection: Mapping[str, str], params: Mapping[str, Any]) -> dict[str, str | int]:
    """Return the state of raw and code if the published tables were made from another one; else nothing."""
    from estrela.etl.raw.layer import RawLayer
    from estrela.etl.releases.watermark import Watermark, state_of
    from estrela.model.star import load

    reached = Connection.of(connection)
    s3 = reached.client("s3")
    raw = RawLayer(s3, reached.lake, f"raw/{star}")
    state = dict(state_of(raw, [source.name for source in load(star).sources]))
    is_news = params["full_refresh"] or state != Watermark(s3, reached.lake, star).published()
    return state if is_news else {}


def remember(star: str, connection: Mapping[str, str], ti: Any) -> None:
    """Record the state that the tables just published were made from."""
    from estrela.etl.releases.watermark import Watermark

    reached = Connection.of(connection)
    Watermark(reached.client("s3"), reached.lake, star).advance(ti.xcom_pull(task_ids="news"))
