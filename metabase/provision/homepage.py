"""The dashboard that Metabase shows first."""

from __future__ import annotations

from collections.abc import Mapping

from metabase.provision.identity import marked_key
from metabase.provision.run import Run

SHOWN, WHICH = "custom-homepage", "custom-homepage-dashboard"


def ensure_homepage(run: Run, key: str, collection: int, dashboards: Mapping[str, int]) -> None:
    """Make the dashboard ``key`` of a site the home page; "" leaves the setting unchanged.

    ``dashboards`` are the site's ids by key, ``collection`` is theirs. A home page of another site stays, because each
    apply of one site would undo that of the other.
    """
    if not key:
        return
    wanted = {SHOWN: True, WHICH: dashboards[key]}
    current = {name: run.client.get(f"/api/setting/{name}") for name in wanted}
    if current == wanted or (current[SHOWN] and _is_of_another_site(run, current[WHICH], collection)):
        return
    if run.changed("update", "setting", "homepage", current, wanted):
        for name, value in wanted.items():
            run.client.put(f"/api/setting/{name}", {"value": value})
        run.stored("setting", "homepage", {name: run.client.get(f"/api/setting/{name}") for name in wanted}, wanted)


def _is_of_another_site(run: Run, identifier: object, collection: int) -> bool:
    """Return whether a dashboard is managed and in use, but not in ``collection``."""
    stored = run.client.find(f"/api/dashboard/{identifier}") if identifier else None
    if stored is None or stored.get("archived") or stored.get("collection_id") == collection:
        return False
    return bool(marked_key("dashboard", stored.get("points_of_interest")))
