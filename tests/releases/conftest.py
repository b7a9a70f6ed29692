"""A local AWS for the tests of releases."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from release_shop import BUCKET, Shop

from localaws.running import Running, running


@pytest.fixture(scope="session")
def local_aws() -> Iterator[Running]:
    with running() as aws:
        aws.client("s3").create_bucket(Bucket=BUCKET)
        yield aws


@pytest.fixture
def shop(local_aws: Running) -> Shop:
    return Shop(local_aws, f"shop_{uuid.uuid4().hex[:8]}")
