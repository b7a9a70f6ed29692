"""What one run is told: read once, at its entry, before anything else is read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from estrela.errors import SettingsError
from estrela.model.plan import PHASES

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
ENTITY = re.compile(r"[a-z][a-z0-9_]*")
QUARTER = re.compile(r"(\d{4})T([1-4])")
RUN_KEY = re.compile(r"[\x21-\x7e]{1,400}")
HOST = re.compile(r"https?://[^/\s]+")
SWITCH = {"true": True, "false": False}


@dataclass(frozen=True)
class Settings:
    """One Glue run.

    ``entity`` and ``phase`` say what to do, ``lake`` is the bucket, ``run_key`` names the attempt that a retry
    attaches to. ``quarters`` limits an extract to these (``2021T4``; empty: all that the catalogue has);
    ``full_refresh`` asks for everything anew; ``source_host`` (``http://host:port``) stands in for the scheme and
    host of every source.
    """

    entity: str
    phase: str
    lake: str
    run_key: str
    star: str = "banking"
    quarters: tuple[str, ...] = ()
    full_refresh: bool = False
    source_host: str = ""


def settings_from(argv: Sequence[str]) -> Settings:
    """Read ``--name value`` pairs; Glue's own are passed over. Raises SettingsError."""
    given = _pairs(argv)
    switch = _matching(given, "full_refresh", re.compile("true|false"), "true or false", "false")
    return Settings(
        entity=_matching(given, "entity", ENTITY, "a name such as complaints"),
        phase=_matching(given, "phase", re.compile("|".join(PHASES)), f"one of {', '.join(PHASES)}"),
        lake=_matching(given, "lake", BUCKET, "the name of an S3 bucket"),
        run_key=_matching(given, "run_key", RUN_KEY, "1 to 400 printable ASCII characters without blanks"),
        star=_matching(given, "star", ENTITY, "a name such as banking", "banking"),
        quarters=quarters_from(given.get("quarters", "")),
        full_refresh=SWITCH[switch],
        source_host=_matching(given, "source_host", HOST, "http(s)://host:port", "")
        if given.get("source_host")
        else "",
    )


def quarters_from(text: str) -> tuple[str, ...]:
    """``2021T4, 2022T1`` as ``("2021T4", "2022T1")``. Raises SettingsError."""
    names = tuple(sorted({name for name in re.split(r"[,\s]+", text) if name}))
    for name in names:
        if not QUARTER.fullmatch(name):
            raise SettingsError("--quarters", f"{name!r} is not a quarter; write them as 2021T4,2022T1")
    return names


def _pairs(argv: Sequence[str]) -> dict[str, str]:
    """``--name value`` and ``--name=value``; a name without a value counts as given and empty."""
    found: dict[str, str] = {}
    name = ""
    for word in argv:
        if word.startswith("--"):
            name, _, value = word[2:].partition("=")
            found[name] = value
        elif name:
            found[name], name = word, ""
    return found


def _matching(
    given: Mapping[str, str], name: str, pattern: re.Pattern[str], allowed: str, default: str | None = None
) -> str:
    value = given.get(name, default)
    if value is None:
        raise SettingsError(f"--{name}", f"is missing; give {allowed}")
    if value != default and not pattern.fullmatch(value):
        raise SettingsError(f"--{name}", f"{value[:100]!r} is not {allowed}")
    return value
