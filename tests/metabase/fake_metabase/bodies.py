"""Request bodies as Metabase's newer versions accept them: unknown keys are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CARD = frozenset(
    [
        "name",
        "type",
        "dataset_query",
        "parameters",
        "parameter_mappings",
        "description",
        "display",
        "visualization_settings",
        "collection_id",
        "collection_position",
        "result_metadata",
        "cache_ttl",
        "dashboard_id",
        "dashboard_tab_id",
    ]
)
DASHBOARD = frozenset(["name", "description", "parameters", "cache_ttl", "collection_id", "collection_position"])
DATABASE = frozenset(
    ["name", "engine", "details", "is_full_sync", "is_on_demand", "schedules", "auto_run_queries", "cache_ttl"]
)
CLOSED: dict[str, frozenset[str]] = {
    "POST card": CARD | {"entity_id", "size", "source_card_id"},
    "PUT card": CARD | {"archived", "enable_embedding", "embedding_type", "embedding_params", "collection_preview"},
    "POST dashboard": DASHBOARD,
    "PUT dashboard": DASHBOARD
    | {"caveats", "points_of_interest", "show_in_getting_started", "enable_embedding", "embedding_type"}
    | {"embedding_params", "position", "width", "archived", "auto_apply_filters", "dashcards", "tabs"},
    "dashcard": frozenset(
        [
            "id",
            "size_x",
            "size_y",
            "row",
            "col",
            "card_id",
            "action_id",
            "dashboard_tab_id",
            "parameter_mappings",
            "visualization_settings",
            "inline_parameters",
            "series",
        ]
    ),
    "tab": frozenset({"id", "name", "position"}),
    "POST database": DATABASE | {"connection_source", "provider_name", "is_stub"},
    "PUT database": DATABASE
    | {"refingerprint", "write_data_details", "description", "caveats", "points_of_interest", "provider_name"}
    | {"settings", "is_stub"},
    "POST collection": frozenset({"name", "description", "parent_id", "namespace", "authority_level"}),
    "PUT collection": frozenset({"name", "description", "archived", "parent_id", "authority_level", "type"}),
}


def unknown_keys(kind: str, body: Mapping[str, Any]) -> dict[str, str]:
    """Return Metabase's error for keys that it does not know."""
    errors = {key: "disallowed key" for key in body if key not in CLOSED[kind]}
    for key, inner in (("dashcards", "dashcard"), ("tabs", "tab")):
        for part in body.get(key) or () if kind == "PUT dashboard" else ():
            errors |= {f"{key}.{name}": "disallowed key" for name in part if name not in CLOSED[inner]}
    return errors
