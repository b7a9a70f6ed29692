"""Native queries as Metabase stores and returns them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

VARIABLE = re.compile(r"\{\{\s*([a-z0-9_]+)\s*\}\}")
TYPES = {"date": "date/single", "number": "number/=", "boolean": "boolean/="}


def stored(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return a query with its tags by name. A mixture of the old format and MBQL 5 is lost, as in Metabase."""
    if query.get("type") == "native":
        native = query["native"]
        tags = native.get("template-tags") or {}
        if any(isinstance((tag.get("dimension") or [0, 0])[1], dict) for tag in tags.values()):
            return {}
        sql = native["query"]
    else:
        stage = query["stages"][0]
        sql, tags = stage["native"], stage.get("template-tags") or {}
    named = tags if isinstance(tags, Mapping) else {tag["name"]: tag for tag in tags}
    return {"database": query["database"], "sql": sql, "tags": named}


def given_back(query: Mapping[str, Any], form: str) -> dict[str, Any]:
    """Return a query in MBQL 5, with the keys that newer versions add, and tags as a list or a map."""
    if not query:
        return {}
    tags = query["tags"]
    return {
        "lib/type": "mbql/query",
        "lib.convert/converted?": True,
        "database": query["database"],
        "stages": [
            {
                "lib/type": "mbql.stage/native",
                "native": query["sql"],
                "template-tags": list(tags.values()) if form == "list" else tags,
            }
        ],
        "info": {},
    }


def derived_parameters(query: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the parameters that Metabase derives from the tags of a card without parameters."""
    return [
        {
            "id": tag["id"],
            "type": TYPES.get(tag["type"], "category"),
            "target": ["variable", ["template-tag", tag["name"]]],
            "name": tag["display-name"],
            "slug": tag["name"],
        }
        for tag in query["tags"].values()
    ]


def respelled(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return visualization settings with the column keys rewritten without spaces."""
    rewritten = dict(settings or {})
    if "column_settings" in rewritten:
        rewritten["column_settings"] = {
            json.dumps(json.loads(key), separators=(",", ":")): value
            for key, value in rewritten["column_settings"].items()
        }
    return rewritten


def missing_values(query: Mapping[str, Any], given: set[str]) -> list[str]:
    """Return the variables outside optional blocks that have neither a value nor a default."""
    outside = re.sub(r"\[\[.*?\]\]", "", query["sql"], flags=re.DOTALL)
    return sorted(
        name for name in set(VARIABLE.findall(outside)) - given if query["tags"].get(name, {}).get("default") is None
    )
