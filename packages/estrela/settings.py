"""Settings of one run, read once at its entry point before anything else is read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from estrela.errors import DefinitionError, SettingsError, some_of
from estrela.model.plan import PHASES, QUARANTINE, RESTORE
from estrela.model.run_parameter import RunParameter
from estrela.model.star import load
from estrela.world import PRODUCTION, World, world_from

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
ENTITY = re.compile(r"[a-z][a-z0-9_]*")
RUN_KEY = re.compile(r"[\x21-\x7e]{1,400}")
SHA256 = re.compile(r"[0-9a-f]{64}")
LONGEST_REASON = 500
WORKGROUP = re.compile(r"[A-Za-z0-9._-]{1,128}")
NUMBER = re.compile(r"\d{1,9}")
SWITCH = {"true": True, "false": False}

Parameters = Mapping[str, tuple[str, ...]]
"""Values of a star's run parameters, by name."""


@dataclass(frozen=True)
class Settings:
    """One Glue run.

    ``star``, ``entity`` and ``phase`` select the step, ``lake`` is the bucket, ``run_key`` identifies the attempt; a
    retry attaches to it. ``parameters`` limit an extract to values of the star's run parameters; ``full_refresh``
    repeats all requests and rebuilds all tables; ``world`` selects the hosts. ``release`` is the target of a rollback;
    0 means the release before the current one. ``file`` (its sha256) is the file that an operator quarantines or
    restores, for ``reason``. ``dry_run`` makes maintenance only count. Athena queries run in ``workgroup``.
    """

    star: str
    entity: str
    phase: str
    lake: str
    run_key: str
    parameters: Parameters = field(default_factory=dict)
    full_refresh: bool = False
    world: World = PRODUCTION
    release: int = 0
    file: str = ""
    reason: str = ""
    dry_run: bool = False
    workgroup: str = "primary"

    @property
    def title(self) -> str:
        """Name of the run's work, for messages."""
        return f"{self.phase} of {self.star}.{self.entity}"


def settings_from(argv: Sequence[str]) -> Settings:
    """Read ``--name value`` pairs, ignoring Glue's own. Raises SettingsError."""
    given = pairs(argv)
    switch = matching(given, "full_refresh", re.compile("true|false"), "true or false", "false")
    star = matching(given, "star", ENTITY, "a name such as banking")
    _require_decision(given)
    return Settings(
        star=star,
        entity=matching(given, "entity", ENTITY, "a name such as complaints"),
        phase=matching(given, "phase", re.compile("|".join(PHASES)), f"one of {', '.join(PHASES)}"),
        lake=matching(given, "lake", BUCKET, "the name of an S3 bucket"),
        run_key=matching(given, "run_key", RUN_KEY, "1 to 400 printable ASCII characters without blanks"),
        parameters=parameters_from(star, given.get("params", "")),
        full_refresh=SWITCH[switch],
        world=world_from(given.get("source_host", "")),
        release=int(matching(given, "release", NUMBER, "the number of a release", "0")),
        file=matching(given, "file", SHA256, "the sha256 of a file, 64 hexadecimal digits", ""),
        reason=given.get("reason", "")[:LONGEST_REASON],
        dry_run=SWITCH[matching(given, "dry_run", re.compile("true|false"), "true or false", "false")],
        workgroup=matching(given, "athena_workgroup", WORKGROUP, "the name of an Athena workgroup", "primary"),
    )


def _require_decision(given: Mapping[str, str]) -> None:
    """Raise SettingsError if a file is to be quarantined or restored without ``--file`` or ``--reason``."""
    phase = given.get("phase", "")
    if phase in (QUARANTINE, RESTORE) and not (given.get("file") and given.get("reason")):
        raise SettingsError("--file and --reason", f"are needed for --phase {phase}")


def parameters_from(star: str, text: str) -> Parameters:
    """Read the values of the star's run parameters from JSON such as ``{"quarters": ["2021T4"]}``.

    Values are returned sorted and distinct. Raises SettingsError, which names the wrong star, parameter or value.
    """
    try:
        declared = {parameter.name: parameter for parameter in load(star).run_parameters}
    except DefinitionError as error:
        raise SettingsError("--star", str(error)) from error
    return {name: _values(declared, name, values) for name, values in _json_object(text).items()}


def _json_object(text: str) -> dict[str, Any]:
    try:
        parsed = json.loads(text or "{}")
    except ValueError as error:
        raise SettingsError("--params", f"{text[:100]!r} is not JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise SettingsError("--params", f"{text[:100]!r} is not a JSON object of lists of text")
    return parsed


def _values(declared: Mapping[str, RunParameter], name: str, values: object) -> tuple[str, ...]:
    if name not in declared:
        raise SettingsError("--params", f"the star has no parameter {name!r}; it has {some_of(declared) or 'none'}")
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise SettingsError("--params", f"{name} is not a list of text; write it as [{declared[name].example!r}]")
    for value in values:
        if not declared[name].accepts(value):
            raise SettingsError(
                "--params", f"{value[:100]!r} is not one of {name}; write a value as {declared[name].example}"
            )
    return tuple(sorted(set(values)))


def pairs(argv: Sequence[str]) -> dict[str, str]:
    """Read ``--name value`` and ``--name=value``; a name without a value gets the value ""."""
    given: dict[str, str] = {}
    name = ""
    for word in argv:
        if word.startswith("--"):
            name, _, value = word[2:].partition("=")
            given[name] = value
        elif name:
            given[name], name = word, ""
    return given


def matching(
    given: Mapping[str, str], name: str, pattern: re.Pattern[str], allowed: str, default: str | None = None
) -> str:
    """Return a value of ``given`` that fully matches ``pattern``, or the default. Raises SettingsError."""
    value = given.get(name, default)
    if value is None:
        raise SettingsError(f"--{name}", f"is missing; give {allowed}")
    if value != default and not pattern.fullmatch(value):
        raise SettingsError(f"--{name}", f"{value[:100]!r} is not {allowed}")
    return value
