"""CreateMultipartUpload, UploadPart, UploadPartCopy, CompleteMultipartUpload, AbortMultipartUpload and their lists."""

from __future__ import annotations

import hashlib
import re
from xml.etree.ElementTree import Element

from localaws.s3.checksums import ALGORITHMS, COMPOSITE, FULL_OBJECT, PREFIX, encoded, given_checksums, new_checksum
from localaws.s3.documents import Node, document, iso_time, parse, text_of
from localaws.s3.errors import S3Error
from localaws.s3.facts_of import facts_of
from localaws.s3.names import check_key
from localaws.s3.object_reads import BLOCK, OWNER, version_header
from localaws.s3.object_writes import check_copy_conditions, condition_of, copy_source, receive
from localaws.s3.request import Request, Response
from localaws.s3.store import ObjectStore
from localaws.s3.uploads import MAX_PART_NUMBER, Claim, Part, Upload, Uploads

PAGE = 1000
_COPY_RANGE = re.compile(r"bytes=(\d+)-(\d+)")


class UploadCalls:
    """The multipart operations of one store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._uploads = Uploads(store)

    def create(self, request: Request) -> Response:
        check_key(request.key)
        algorithm = request.headers.get(f"{PREFIX}algorithm", "").upper()
        if algorithm and algorithm not in ALGORITHMS:
            raise S3Error(
                "InvalidRequest", f"Checksum algorithm {algorithm[:50]!r} is not one of {', '.join(ALGORITHMS)}"
            )
        kind = _checksum_type(request, algorithm)
        facts = facts_of(request.headers, {})
        upload = self._uploads.create(Upload("", request.bucket, request.key, 0, facts, algorithm, kind))
        headers = {f"{PREFIX}algorithm": algorithm, f"{PREFIX}type": kind} if algorithm else {}
        nodes: list[Node] = [("Bucket", upload.bucket), ("Key", upload.key), ("UploadId", upload.id)]
        return Response(200, headers, document("InitiateMultipartUploadResult", nodes))

    def put_part(self, request: Request) -> Response:
        upload, number = self._upload(request), _part_number(request)
        with self._store.draft() as draft:
            receive(request, draft)
            checksums = dict(request.body.checksums)
            part = self._uploads.put_part(upload, number, draft, request.body.etag, checksums)
        sums = {PREFIX + name.lower(): value for name, value in part.checksums.items()}
        return Response(200, {"ETag": f'"{part.etag}"', **sums})

    def copy_part(self, request: Request) -> Response:
        upload, number = self._upload(request), _part_number(request)
        request.body.discard()
        source, file = self._store.open(*copy_source(request))
        with file, self._store.draft() as draft:
            check_copy_conditions(request, source)
            start, left = _copy_range(request, source.size)
            md5 = hashlib.md5(usedforsecurity=False)
            running = new_checksum(upload.algorithm) if upload.algorithm else None
            file.seek(start)
            while left and (block := file.read(min(BLOCK, left))):
                left -= len(block)
                md5.update(block)
                if running:
                    running.update(block)
                draft.write(block)
            checksums = {upload.algorithm: encoded(running)} if running else {}
            part = self._uploads.put_part(upload, number, draft, md5.hexdigest(), checksums)
        sums: list[Node] = [(f"Checksum{name}", value) for name, value in checksums.items()]
        nodes: list[Node] = [("LastModified", iso_time(part.mtime)), ("ETag", f'"{part.etag}"'), *sums]
        return Response(200, {}, document("CopyPartResult", nodes))

    def complete(self, request: Request) -> Response:
        condition = condition_of(request)
        root = parse(request.body.document(), "CompleteMultipartUpload")
        upload = self._upload(request)
        claims = [_claim(element) for element in root.findall("Part")]
        info = self._uploads.complete(upload, claims, condition, given_checksums(request.headers))
        sums: list[Node] = [(f"Checksum{name}", value) for name, value in info.facts.checksums.items()]
        sums += [("ChecksumType", info.facts.checksum_type)] if sums else []
        location = f"http://{request.headers.get('host', 'localhost')}/{upload.bucket}/{upload.key}"
        nodes: list[Node] = [("Location", location), ("Bucket", upload.bucket), ("Key", upload.key)]
        body = document("CompleteMultipartUploadResult", [*nodes, ("ETag", f'"{info.etag}"'), *sums])
        events = [("s3:ObjectCreated:CompleteMultipartUpload", info)]
        return Response(200, version_header(self._store, info), body, events)

    def abort(self, request: Request) -> Response:
        self._uploads.abort(self._upload(request))
        return Response(204)

    def list_parts(self, request: Request) -> Response:
        upload = self._upload(request)
        limit, marker = (
            request.number("max-parts", PAGE, PAGE),
            request.number("part-number-marker", 0, MAX_PART_NUMBER),
        )
        parts = [part for part in self._uploads.parts(upload) if part.number > marker]
        shown = parts[:limit]
        nodes: list[Node] = [
            ("Bucket", upload.bucket),
            ("Key", upload.key),
            ("UploadId", upload.id),
            ("PartNumberMarker", str(marker)),
            ("NextPartNumberMarker", str(shown[-1].number if shown else 0)),
            ("MaxParts", str(limit)),
            ("IsTruncated", str(len(parts) > len(shown)).lower()),
            ("Initiator", OWNER),
            ("Owner", OWNER),
            ("StorageClass", upload.facts.storage_class),
        ]
        nodes += [("ChecksumAlgorithm", upload.algorithm)] if upload.algorithm else []
        return Response(200, {}, document("ListPartsResult", [*nodes, *map(_part_node, shown)]))

    def list_uploads(self, request: Request) -> Response:
        self._store.bucket_path(request.bucket)
        prefix, limit = request.query.get("prefix", ""), request.number("max-uploads", PAGE, PAGE)
        marker = (request.query.get("key-marker", ""), request.query.get("upload-id-marker", ""))
        after = _after(self._uploads.under_way(request.bucket, prefix), *marker)
        shown = after[:limit]
        nodes: list[Node] = [("Bucket", request.bucket), ("KeyMarker", marker[0]), ("UploadIdMarker", marker[1])]
        if len(after) > len(shown) and shown:
            nodes += [("NextKeyMarker", shown[-1].key), ("NextUploadIdMarker", shown[-1].id)]
        nodes += [("Prefix", prefix), ("MaxUploads", str(limit)), ("IsTruncated", str(len(after) > len(shown)).lower())]
        return Response(200, {}, document("ListMultipartUploadsResult", [*nodes, *map(_upload_node, shown)]))

    def _upload(self, request: Request) -> Upload:
        return self._uploads.get(request.bucket, request.key, request.query.get("uploadId", ""))


def _checksum_type(request: Request, algorithm: str) -> str:
    """S3's defaults: SHA only composite, CRC64NVME only over the full object, composite for the other two."""
    default = FULL_OBJECT if algorithm == "CRC64NVME" else COMPOSITE
    kind = request.headers.get(f"{PREFIX}type", "").upper() or (default if algorithm else "")
    allowed = {"CRC64NVME": (FULL_OBJECT,), "SHA1": (COMPOSITE,), "SHA256": (COMPOSITE,)}.get(
        algorithm, (FULL_OBJECT, COMPOSITE) if algorithm else ("",)
    )
    if kind not in allowed:
        raise S3Error(
            "InvalidRequest",
            f"The {kind[:50]} checksum type cannot be used with the {algorithm or 'missing'} checksum algorithm.",
        )
    return kind


def _part_number(request: Request) -> int:
    number = request.number("partNumber", 0, MAX_PART_NUMBER + 1)
    if not 1 <= number <= MAX_PART_NUMBER:
        raise S3Error("InvalidArgument", f"Part number must be an integer between 1 and {MAX_PART_NUMBER}, inclusive")
    return number


def _copy_range(request: Request, size: int) -> tuple[int, int]:
    text = request.headers.get("x-amz-copy-source-range")
    if text is None:
        return 0, size
    found = _COPY_RANGE.fullmatch(text.strip())
    if not found or int(found[1]) > int(found[2]):
        raise S3Error("InvalidArgument", "The x-amz-copy-source-range value must be of the form bytes=first-last")
    if int(found[2]) >= size:
        raise S3Error("InvalidRange", f"Range specified is not valid for source object of size: {size}")
    return int(found[1]), int(found[2]) - int(found[1]) + 1


def _claim(element: Element) -> Claim:
    number = text_of(element, "PartNumber")
    if not number.isdigit():
        raise S3Error("MalformedXML")
    checksums = {name: text_of(element, f"Checksum{name}") for name in ALGORITHMS}
    given = {name: value for name, value in checksums.items() if value}
    return Claim(int(number), text_of(element, "ETag").strip('"'), given)


def _part_node(part: Part) -> Node:
    sums: list[Node] = [(f"Checksum{name}", value) for name, value in part.checksums.items()]
    facts: list[Node] = [("PartNumber", str(part.number)), ("LastModified", iso_time(part.mtime))]
    return ("Part", [*facts, ("ETag", f'"{part.etag}"'), ("Size", str(part.size)), *sums])


def _upload_node(upload: Upload) -> Node:
    nodes: list[Node] = [("Key", upload.key), ("UploadId", upload.id), ("Initiator", OWNER), ("Owner", OWNER)]
    return ("Upload", [*nodes, ("StorageClass", upload.facts.storage_class), ("Initiated", iso_time(upload.started))])


def _after(uploads: list[Upload], key: str, upload_id: str) -> list[Upload]:
    """What follows a marker; an id that is gone meanwhile counts as the end of its key."""
    ids = [upload.id for upload in uploads if upload.key == key]
    seen = set(ids[: ids.index(upload_id) + 1]) if upload_id in ids else set(ids)
    return [
        upload for upload in uploads if upload.key > key or (upload.key == key and upload_id and upload.id not in seen)
    ]
