"""Replace AWS's Iceberg catalogs in a job's Spark settings by the local REST catalog over the same Glue tables."""

from __future__ import annotations

import re
from collections.abc import Mapping

_PREFIX = "spark.sql.catalog."
_GLUE_URI = re.compile(r"https://glue\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/iceberg/?")
_GLUE_CATALOG = "org.apache.iceberg.aws.glue.GlueCatalog"
# Options that only AWS's own catalog and file IO understand, or that the local ones replace.
_FOR_AWS = (
    "catalog-impl",
    "type",
    "uri",
    "io-impl",
    "rest.",
    "glue.",
    "s3.",
    "client.",
    "lock",
    "oauth2",
    "credential",
)


def use_local_catalog(conf: Mapping[str, str], endpoint: str) -> tuple[dict[str, str], list[str]]:
    """The settings with every AWS catalog replaced, and the names of the replaced catalogs.

    A catalog is AWS's if its ``catalog-impl`` is GlueCatalog, its ``type`` is ``glue``, or its ``uri`` is Glue's REST
    endpoint. Its ``warehouse`` and other options are kept.
    """
    names = sorted(name for name in _catalogs(conf) if _is_for_aws(_options(conf, name)))
    changed = dict(conf)
    for name in names:
        for option in _options(conf, name):
            if option.startswith(_FOR_AWS):
                del changed[f"{_PREFIX}{name}.{option}"]
        for option, value in _local(endpoint).items():
            changed[f"{_PREFIX}{name}.{option}"] = value
    return changed, names


def _local(endpoint: str) -> dict[str, str]:
    return {
        "type": "rest",
        "uri": f"{endpoint}/iceberg",
        "io-impl": "org.apache.iceberg.hadoop.HadoopFileIO",
    }


def _catalogs(conf: Mapping[str, str]) -> set[str]:
    names = (setting.removeprefix(_PREFIX) for setting in conf if setting.startswith(_PREFIX))
    return {name for name in names if "." not in name}


def _options(conf: Mapping[str, str], catalog: str) -> dict[str, str]:
    prefix = f"{_PREFIX}{catalog}."
    return {setting.removeprefix(prefix): value for setting, value in conf.items() if setting.startswith(prefix)}


def _is_for_aws(options: Mapping[str, str]) -> bool:
    return (
        options.get("catalog-impl") == _GLUE_CATALOG
        or options.get("type") == "glue"
        or bool(_GLUE_URI.fullmatch(options.get("uri", "")))
    )
