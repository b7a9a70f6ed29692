"""Tags of objects and buckets, within S3's limits.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
"""

from __future__ import annotations

import re
from collections import Counter
from xml.etree.ElementTree import Element

from localaws.s3.documents import Node, parse
from localaws.s3.errors import S3Error

MAX_OBJECT_TAGS = 10
MAX_BUCKET_TAGS = 50
_KEY = re.compile(r"[\w\s+\-=.:/@]{1,128}")
_VALUE = re.compile(r"[\w\s+\-=.:/@]{0,256}")


def tag_nodes(tags: dict[str, str]) -> list[Node]:
    """Return the children of a Tagging document."""
    return [("TagSet", [("Tag", [("Key", key), ("Value", value)]) for key, value in tags.items()])]


def parse_tags(data: bytes, *, any_root: bool = False) -> dict[str, str]:
    """Return the tags of an object's Tagging document; raises S3Error MalformedXML or InvalidTag.

    With ``any_root`` another document has no tags, as in a form.
    """
    root = parse(data, "" if any_root else "Tagging")
    return checked_tags(pairs_of(root)) if root.tag == "Tagging" else {}


def pairs_of(root: Element) -> list[tuple[str, str]]:
    """Return key and value of each Tag element; raises S3Error MalformedXML if either is missing."""
    pairs = []
    for tag in root.iter("Tag"):
        key, value = tag.findtext("Key"), tag.findtext("Value")
        if not key or value is None:
            raise S3Error("MalformedXML")
        pairs.append((key, value))
    return pairs


def checked_tags(
    pairs: list[tuple[str, str]],
    largest: int = MAX_OBJECT_TAGS,
    reserved: str = "Your TagKey cannot be prefixed with aws:",
) -> dict[str, str]:
    """Return tags as a mapping; raises S3Error InvalidTag, with the text ``reserved`` for keys reserved by AWS."""
    for key, value in pairs:
        if key.startswith("aws:"):
            raise S3Error("InvalidTag", reserved, {"TagKey": key})
        if not _KEY.fullmatch(key):
            raise S3Error("InvalidTag", "The TagKey you have provided is invalid", {"TagKey": key[:200]})
        if not _VALUE.fullmatch(value):
            elements = {"TagKey": key, "TagValue": value[:300]}
            raise S3Error("InvalidTag", "The TagValue you have provided is invalid", elements)
    if repeated := [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]:
        raise S3Error("InvalidTag", "Cannot provide multiple Tags with the same key", {"TagKey": repeated[0]})
    if len(pairs) > largest:
        raise S3Error("BadRequest", f"Object tags cannot be greater than {largest}")
    return dict(pairs)
