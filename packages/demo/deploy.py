"""``python -m demo.deploy``: deploy to the AWS of the environment; ``SOURCE_HOST`` is a stand-in for the sources."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import boto3

from demo.deployment import JOB, LAKE, AnotherSourceError, deploy

PROJECT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Return 0 if everything that the DAG needs exists; an expected error is printed as one line."""
    try:
        deploy(_client, PROJECT, os.environ.get("SOURCE_HOST", ""))
    except AnotherSourceError as error:
        print(f"deploy: {error}", file=sys.stderr)
        return 1
    print(f"Glue job {JOB} and bucket {LAKE} are ready")
    return 0


def _client(service: str) -> Any:
    return boto3.client(service)  # type: ignore[call-overload]


if __name__ == "__main__":
    sys.exit(main())
