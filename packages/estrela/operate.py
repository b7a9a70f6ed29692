"""Commands for operators: ``python -m estrela.operate PHASE --star STAR --lake BUCKET``.

Each starts one run of the star's Glue job, in the AWS account of the environment, and waits for its end.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from estrela.errors import EstrelaError, SettingsError
from estrela.hooks.glue_jobs import GlueJobs
from estrela.hooks.glue_runs import RUN_KEY
from estrela.model.plan import MAINTAIN, QUARANTINE, RESTORE, ROLLBACK
from estrela.settings import settings_from

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

PHASES = {
    ROLLBACK: "return readers to the release before the current one, or to --release",
    QUARANTINE: "exclude the file with the sha256 --file from the tables and record --reason",
    RESTORE: "load the excluded file with the sha256 --file again and record --reason",
    MAINTAIN: "expire snapshots, merge small files and remove orphans; with --dry-run only count",
}
DEADLINE_SECONDS = 3600.0


def main(argv: Sequence[str], glue: Callable[[], GlueClient], poll: float = 5.0) -> int:
    """Run one command and return its exit code: 0 if the run succeeded, 1 with the error on standard error."""
    given = _parser().parse_args(argv)
    run_key = f"operate/{datetime.now(UTC):%Y%m%dT%H%M%S}/{given.phase}"
    options = {"release": given.release, "file": given.file, "reason": given.reason, "dry_run": given.dry_run}
    arguments = {"--star": given.star, "--entity": given.star, "--phase": given.phase, "--lake": given.lake}
    arguments |= {f"--{name}": value for name, value in options.items() if value}
    try:
        settings_from([word for pair in (arguments | {RUN_KEY: run_key}).items() for word in pair])
        jobs = GlueJobs(glue())
        run_id = jobs.start(given.job, run_key, arguments)
        print(f"Glue job {given.job}, run {run_id}, {given.phase} of {given.star}")
        print(f"To read its log: {jobs.log_command(run_id, jobs.log_group(given.job, run_id))}")
        done = jobs.finish(given.job, run_id, DEADLINE_SECONDS, poll)
    except EstrelaError as error:
        print(f"{given.phase}: {error}", file=sys.stderr)
        return 1
    print(f"{given.phase} of {given.star} succeeded after {done.seconds} s")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m estrela.operate", description="Operate a star of the lake.")
    parser.add_argument("phase", choices=PHASES, help="; ".join(f"{name}: {text}" for name, text in PHASES.items()))
    parser.add_argument("--star", required=True, help="name of the star, such as banking")
    parser.add_argument("--lake", required=True, help="bucket of the lake")
    parser.add_argument("--job", default="estrela", help="name of the Glue job (default: estrela)")
    parser.add_argument("--release", default="", help="number of the release to return to")
    parser.add_argument("--file", default="", help="sha256 of a file, as in <star>.files")
    parser.add_argument("--reason", default="", help="reason, recorded with the decision")
    parser.add_argument("--dry-run", dest="dry_run", action="store_const", const="true", default="")
    return parser


def _glue() -> GlueClient:
    import boto3
    from botocore.exceptions import NoRegionError

    try:
        return boto3.client("glue")
    except NoRegionError as error:
        problem = "is not set and no profile names a region; set it to the region of the Glue job"
        raise SettingsError("AWS_DEFAULT_REGION", problem) from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], _glue))
