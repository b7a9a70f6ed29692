"""``python -m demo.pages FILE``: draw the dashboards of the AWS in the environment, else those of the last demo."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from localaws.errors import LocalAwsError
from localaws.running import running
from metabase.cli import main as metabase

PROJECT = Path(__file__).resolve().parents[2]
NAMES_AWS = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE")
"""Environment variables, any of which selects an AWS."""
NO_LAKE = (
    "no AWS is configured, and no demo has run here. Run 'make demo' first, or configure AWS:"
    " export AWS_REGION=us-east-1, with credentials"
)


def main(arguments: Sequence[str], environ: Mapping[str, str], project: Path = PROJECT) -> int:
    """Write the page to the file in ``arguments``; return 0 on success, else print the reason and return 1."""
    command = ["preview", "--out", *arguments]
    if any(environ.get(name) for name in NAMES_AWS):
        return metabase(command, environ)
    home = newest_lake(project)
    if home is None:
        print(f"preview: {NO_LAKE}", file=sys.stderr)
        return 1
    print(f"preview: no AWS is configured; drawing the lake of the last demo, {home.relative_to(project)}")
    try:
        with running(home) as aws:
            os.environ.update(aws.env)
            return metabase(command, {**environ, **aws.env})
    except LocalAwsError as error:
        print(f"preview: {error}", file=sys.stderr)
        return 1


def newest_lake(project: Path) -> Path | None:
    """Return the local AWS that a demo of star banking used last; None before the first demo."""
    pages = sorted(project.glob(".demo/*/dashboards.html"), key=lambda page: page.stat().st_mtime)
    homes = [page.parent / "aws" for page in pages if (page.parent / "aws").is_dir()]
    return homes[-1] if homes else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
