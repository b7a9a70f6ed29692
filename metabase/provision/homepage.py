"""The dashboard that Metabase shows first."""

from __future__ import annotations

from metabase.provision.run import Run

SHOWN, WHICH = "custom-homepage", "custom-homepage-dashboard"


def ensure_homepage(run: Run, dashboard: int | None) -> None:
    """Make ``dashboard`` the home page; None leaves Metabase's setting unchanged."""
    if dashboard is None:
        return
    wanted = {SHOWN: True, WHICH: dashboard}
    current = {key: run.client.get(f"/api/setting/{key}") for key in wanted}
    if current != wanted and run.changed("update", "setting", "homepage", current, wanted):
        for key, value in wanted.items():
            run.client.put(f"/api/setting/{key}", {"value": value})
        run.stored("setting", "homepage", {key: run.client.get(f"/api/setting/{key}") for key in wanted}, wanted)
