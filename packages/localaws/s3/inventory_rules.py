"""Validation of an inventory configuration, with the values that botocore's model allows."""

from __future__ import annotations

from functools import cache

import botocore.session
from botocore.model import StringShape

from localaws.s3.documents import parse, text_of
from localaws.s3.errors import S3Error

_PLACE = "Destination/S3BucketDestination"
# Path of an element, and name of the shape with its values.
_VALUES = {
    f"{_PLACE}/Format": "InventoryFormat",
    "IncludedObjectVersions": "InventoryIncludedObjectVersions",
    "Schedule/Frequency": "InventoryFrequency",
}


def check_inventory(body: bytes) -> None:
    """Raise S3Error for a configuration that S3 refuses."""
    root = parse(body, "InventoryConfiguration")
    fields = [field.text or "" for field in root.findall("OptionalFields/Field")]
    if any(text_of(root, path) not in _allowed(shape) for path, shape in _VALUES.items()):
        raise S3Error("MalformedXML")
    if not _allowed("InventoryOptionalField").issuperset(fields):
        raise S3Error("MalformedXML")
    if not text_of(root, f"{_PLACE}/Bucket").startswith("arn:aws:s3:::"):
        raise S3Error("InvalidS3DestinationBucket")


@cache
def _allowed(shape: str) -> frozenset[str]:
    values = botocore.session.get_session().get_service_model("s3").shape_for(shape)
    assert isinstance(values, StringShape)
    return frozenset(values.enum)
