"""Validation of an inventory configuration, with the values that botocore's model allows."""

from __future__ import annotations

from localaws.s3.documents import parse, text_of
from localaws.s3.errors import S3Error
from localaws.s3.model_values import values_of

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
    if any(text_of(root, path) not in values_of(shape) for path, shape in _VALUES.items()):
        raise S3Error("MalformedXML")
    if not values_of("InventoryOptionalField").issuperset(fields):
        raise S3Error("MalformedXML")
    if not text_of(root, f"{_PLACE}/Bucket").startswith("arn:aws:s3:::"):
        raise S3Error("InvalidS3DestinationBucket")
