"""Names of S3's operations, which requests do not contain."""

from __future__ import annotations

from localaws.s3.request import Request

_OF_OBJECTS = {
    ("GET", ""): "GetObject",
    ("GET", "attributes"): "GetObjectAttributes",
    ("GET", "tagging"): "GetObjectTagging",
    ("GET", "acl"): "GetObjectAcl",
    ("GET", "uploadId"): "ListParts",
    ("HEAD", ""): "HeadObject",
    ("PUT", ""): "PutObject",
    ("PUT", "copy"): "CopyObject",
    ("PUT", "tagging"): "PutObjectTagging",
    ("PUT", "acl"): "PutObjectAcl",
    ("PUT", "uploadId"): "UploadPart",
    ("PUT", "uploadIdcopy"): "UploadPartCopy",
    ("POST", "uploads"): "CreateMultipartUpload",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("DELETE", ""): "DeleteObject",
    ("DELETE", "tagging"): "DeleteObjectTagging",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
}
_OF_BUCKETS = {
    ("GET", ""): "ListObjects",
    ("GET", "list-type"): "ListObjectsV2",
    ("GET", "versions"): "ListObjectVersions",
    ("GET", "uploads"): "ListMultipartUploads",
    ("HEAD", ""): "HeadBucket",
    ("PUT", ""): "CreateBucket",
    ("DELETE", ""): "DeleteBucket",
    ("POST", "delete"): "DeleteObjects",
}
_OBJECT_SELECTORS = ("uploads", "uploadId", "tagging", "acl", "attributes", "retention", "legal-hold")
_SELECTS_NOTHING = frozenset(
    {"prefix", "delimiter", "marker", "max-keys", "encoding-type", "fetch-owner", "start-after", "continuation-token"}
)


def operation_name(request: Request) -> str:
    """Return the operation's name in boto3; if it has no name here, its method and selector."""
    if not request.bucket:
        return "ListBuckets"
    if request.key:
        selector = next((name for name in _OBJECT_SELECTORS if name in request.query), "")
        if "x-amz-copy-source" in request.headers and selector in ("", "uploadId"):
            selector += "copy"
        return _OF_OBJECTS.get((request.method, selector)) or f"{request.method} object {selector}".rstrip()
    selectors = [name for name in request.query if name not in _SELECTS_NOTHING and name[:2].lower() != "x-"]
    selector = next((name for name in selectors if (request.method, name) in _OF_BUCKETS), next(iter(selectors), ""))
    return _OF_BUCKETS.get((request.method, selector)) or f"{request.method} bucket {selector}".rstrip()
