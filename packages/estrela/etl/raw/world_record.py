"""The record of the world, production or a stand-in, that a lake's raw data came from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from estrela.errors import SettingsError
from estrela.world import World

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "ops/world.json"


@dataclass(frozen=True)
class WorldRecord:
    """``ops/world.json``, written once by the first extract into a lake and never changed."""

    s3: S3Client
    bucket: str

    def claim(self, world: World) -> None:
        """Record ``world`` in an empty lake. Raises SettingsError if the lake has data of another world."""
        # Check for data before reading the record: writers write the record before any data, so a lake with data must
        # have one.
        has_data = self.s3.list_objects_v2(Bucket=self.bucket, Prefix="raw/", MaxKeys=1)["KeyCount"] > 0
        if has_data and not self.name():
            problem = f"the lake {self.bucket} has raw data, but no {KEY}, which records the origin of the data"
            raise SettingsError("--source_host", f"{problem}; choose an empty lake, or write that object")
        body = json.dumps({"world": world.name}).encode()
        try:
            self.s3.put_object(Bucket=self.bucket, Key=KEY, Body=body, IfNoneMatch="*")
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (409, 412):
                raise
            self._require(world)

    def name(self) -> str:
        """Return the name of the lake's world, or ``""`` before the first extract."""
        try:
            body = self.s3.get_object(Bucket=self.bucket, Key=KEY)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return ""
            raise
        return str(json.loads(body)["world"])

    def _require(self, world: World) -> None:
        known = self.name()
        if known != world.name:
            problem = f"the lake {self.bucket} has data of {known}, and must not be mixed with data of {world.name}"
            raise SettingsError("--source_host", f"{problem}; choose an empty lake")
