"""One server for the whole session: each test makes its own buckets, databases and jobs."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from localaws.running import Running, running


@pytest.fixture(scope="session")
def aws() -> Iterator[Running]:
    with running() as server:
        yield server


@pytest.fixture
def bucket(aws: Running) -> str:
    """A fresh bucket's name."""
    name = f"b-{uuid.uuid4().hex[:12]}"
    aws.client("s3").create_bucket(Bucket=name)
    return name
