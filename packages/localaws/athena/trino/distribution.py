"""An unpacked Trino on this machine, and a Java that can run it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localaws.errors import TrinoMissingError
from localaws.java import java_at_least

# https://trino.io/docs/476/installation/deployment.html
JAVA = 24
PLUGINS = ("hive", "iceberg")
_CACHE = Path("localaws")


@dataclass(frozen=True)
class Distribution:
    """The folder of a Trino server, and the home of its Java."""

    home: Path
    java: Path


def find_distribution(environ: Mapping[str, str]) -> Distribution:
    """``TRINO_HOME``, or the Trino that ``make trino`` unpacked in the user's cache; with Java 24 or newer.

    Raises TrinoMissingError, JavaMissingError.
    """
    home = Path(environ["TRINO_HOME"]) if environ.get("TRINO_HOME") else _newest_cached(environ)
    if home is None or not (home / "lib").is_dir():
        raise TrinoMissingError(f"no Trino server in {home or cache(environ)}")
    if missing := [name for name in PLUGINS if not (home / "plugin" / name).is_dir()]:
        raise TrinoMissingError(f"{home} lacks the plugins {', '.join(missing)}")
    return Distribution(home, java_at_least(JAVA, environ))


def cache(environ: Mapping[str, str]) -> Path:
    """The folder into which ``make trino`` unpacks Trino."""
    user = environ.get("XDG_CACHE_HOME") or str(Path(environ.get("HOME", "~")).expanduser() / ".cache")
    return Path(user) / _CACHE


def _newest_cached(environ: Mapping[str, str]) -> Path | None:
    folders = {
        int(version[1]): folder
        for folder in cache(environ).glob("trino-server-*")
        if (version := re.fullmatch(r"trino-server-(\d+)", folder.name))
    }
    return folders[max(folders)] if folders else None
