"""Metabase's answers in a canonical form for comparison, since versions and servers write the same differently."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

TAG_KEYS = ("id", "name", "display-name", "type", "default", "required")
PARAMETER_KEYS = ("id", "name", "slug", "type", "sectionId", "default", "required", "isMultiSelect")


def query(stored: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return database, SQL and template tags by name, from MBQL 5 or the older form of a native query."""
    dataset_query = stored or {}
    stages = dataset_query.get("stages") or [{}]
    older = dataset_query.get("native")
    native: Mapping[str, Any] = older if isinstance(older, Mapping) else stages[0]
    sql = native.get("query") if "query" in native else native.get("native")
    return {
        "database": dataset_query.get("database"),
        "sql": sql,
        "stages": len(stages) if len(stages) > 1 else None,
        "variables": {tag["name"]: _kept(tag, TAG_KEYS) for tag in tags(native.get("template-tags"))},
    }


def tags(stored: object) -> list[Mapping[str, Any]]:
    """Return template tags as a list; a server returns them as a list or as a map by name."""
    listed = list(stored.values()) if isinstance(stored, Mapping) else stored
    return [tag for tag in listed if isinstance(tag, Mapping)] if isinstance(listed, list) else []


def parameters(stored: Sequence[Mapping[str, Any]] | None) -> dict[str, Any]:
    """Return filters or a question's parameters by slug, with their order."""
    named: dict[str, Any] = {}
    for place, parameter in enumerate(stored or ()):
        kept = _kept(parameter, PARAMETER_KEYS)
        kept["target"] = target(parameter.get("target"))
        kept["choices"] = _choices(parameter)
        kept["place"] = place
        named[str(parameter.get("slug") or parameter.get("id"))] = kept
    return named


def target(stored: object) -> Any:
    """Return the target of a parameter, without the number of the only stage."""
    if not isinstance(stored, list):
        return None
    return [part for part in stored if not (isinstance(part, Mapping) and part.get("stage-number", 0) == 0)]


def mappings(stored: Sequence[Mapping[str, Any]] | None) -> dict[str, Any]:
    """Return targets by filter id."""
    return {str(mapping["parameter_id"]): target(mapping.get("target")) for mapping in stored or ()}


def visualization(stored: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return settings without empty ones; keys of column settings, which are JSON texts, are normalised."""
    settings = {key: value for key, value in (stored or {}).items() if value not in (None, [], {})}
    columns = settings.get("column_settings")
    if isinstance(columns, Mapping):
        settings["column_settings"] = {_normalized(key): value for key, value in columns.items()}
    return settings


def _choices(parameter: Mapping[str, Any]) -> Any:
    config = dict(parameter.get("values_source_config") or {})
    field = config.get("value_field")
    if isinstance(field, list):
        config["value_field"] = next((part for part in field[1:] if isinstance(part, str)), None)
    return {"from": parameter.get("values_source_type"), **config} if config else None


def _normalized(key: str) -> str:
    try:
        return json.dumps(json.loads(key))
    except ValueError:
        return key


def _kept(stored: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: stored.get(key) for key in keys if stored.get(key) not in (None, False)}
