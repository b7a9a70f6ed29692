"""What was last published: it tells a day with news from one without, whatever failed in between."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

import estrela

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from estrela.etl.raw.layer import RawLayer

State = Mapping[str, str | int]
"""Log version of each source in the raw layer, and the fingerprint of the code that reads it."""
CODE = "code"


@dataclass(frozen=True)
class Watermark:
    """``ops/watermark/<star>.json``: the state that the tables which analysts see were made from."""

    s3: S3Client
    bucket: str
    star: str

    @property
    def key(self) -> str:
        """The object that holds it."""
        return f"ops/watermark/{self.star}.json"

    def published(self) -> State:
        """The state last published; empty before the first time."""
        try:
            body = self.s3.get_object(Bucket=self.bucket, Key=self.key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return {}
            raise
        found: State = json.loads(body)
        return found

    def advance(self, state: State) -> None:
        """Remember ``state`` as published. It must have been taken before the tables were made."""
        body = json.dumps(dict(state), sort_keys=True).encode()
        self.s3.put_object(Bucket=self.bucket, Key=self.key, Body=body)


def state_of(raw: RawLayer, sources: Iterable[str]) -> State:
    """What is in raw now, and by which code it would be read."""
    return {**{source: raw.version(source) for source in sources}, CODE: fingerprint(Path(estrela.__file__).parent)}


def fingerprint(package: Path) -> str:
    """A hash of the code and data files of ``package``: a changed table is news as much as a changed file."""
    digest = hashlib.sha256()
    for path in sorted(path for path in package.rglob("*") if path.suffix in (".py", ".csv", ".sql")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
