"""Job arguments."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

# Glue passes these to every run and refuses them as names of a job's own arguments.
_RESERVED = (
    "continuation-option",
    "encryption-type",
    "job-bookmark-from",
    "job-bookmark-option",
    "job-bookmark-to",
    "JOB_ID",
    "JOB_RUN_ID",
    "SECURITY_CONFIGURATION",
)
_TEMPORARY = ("RedshiftTempDir", "TempDir")


class GlueArgumentError(Exception):
    """A required argument is missing, or has no value."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise GlueArgumentError(message)


def getResolvedOptions(args: Sequence[str], options: Sequence[str]) -> dict[str, Any]:  # noqa: N802
    """The values of the named ``options`` in ``args`` (``sys.argv``), and Glue's own: ``JOB_RUN_ID``, ``TempDir``, ...

    Names must be complete: an abbreviation is not accepted. Raises GlueArgumentError for a missing option, RuntimeError
    for a reserved name.
    """
    for name in options:
        if name.replace("_", "-") in _RESERVED or name in _RESERVED:
            raise RuntimeError(f"Using reserved arguments {name}")
    parser = _Parser(allow_abbrev=False, add_help=False)
    for name in (*_RESERVED, *_TEMPORARY):
        parser.add_argument(f"--{name}")
    for name in options:
        if name not in _TEMPORARY:
            parser.add_argument(f"--{name}", required=True)
    return _with_defaults(vars(parser.parse_known_args(args[1:])[0]))


def _with_defaults(values: dict[str, Any]) -> dict[str, Any]:
    values.pop("continuation_option")
    values["job_bookmark_option"] = values["job_bookmark_option"] or "job-bookmark-disable"
    values["TempDir"] = values["TempDir"] or values["RedshiftTempDir"]
    values["RedshiftTempDir"] = values["TempDir"]
    return values
