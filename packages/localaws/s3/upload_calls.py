"""CreateMultipartUpload, UploadPart, UploadPartCopy, CompleteMultipartUpload and AbortMultipartUpload."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote
from xml.etree.ElementTree import Element

from localaws.s3.checksums import (
    ALGORITHMS,
    COMPOSITE,
    DEFAULT,
    FULL_OBJECT,
    PREFIX,
    checked_algorithm,
    encoded,
    given_checksums,
    new_checksum,
)
from localaws.s3.conditions import check_copy_conditions, condition_of_write
from localaws.s3.documents import Node, document, iso_time, parse, text_of
from localaws.s3.encryption import encryption_headers
from localaws.s3.errors import S3Error
from localaws.s3.info import NULL_VERSION, ObjectInfo
from localaws.s3.names import check_key
from localaws.s3.object_copy import check_readable, copy_source
from localaws.s3.object_reads import BLOCK, written_version_header
from localaws.s3.object_writes import receive
from localaws.s3.request import Request, Response
from localaws.s3.store import ObjectStore
from localaws.s3.upload_parts import MAX_PART_NUMBER, Claim, Upload
from localaws.s3.uploads import Uploads
from localaws.s3.write_headers import facts_of

_COPY_RANGE = re.compile(r"bytes=(\d+)-(\d+)")
_RANGE_HEADER = "x-amz-copy-source-range"


class UploadCalls:
    """The multipart operations of one store."""

    def __init__(self, store: ObjectStore, uploads: Uploads) -> None:
        self._store = store
        self._uploads = uploads

    def create(self, request: Request) -> Response:
        """CreateMultipartUpload."""
        check_key(request.key)
        self._store.buckets.folder(request.bucket)
        algorithm = checked_algorithm(request.headers.get(f"{PREFIX}algorithm", ""))
        kind = _checksum_type(request, algorithm)
        facts = facts_of(request.headers, request.bucket)
        upload = self._uploads.create(Upload("", request.bucket, request.key, 0, facts, algorithm, kind))
        headers = {f"{PREFIX}algorithm": algorithm, f"{PREFIX}type": kind} if algorithm else {}
        nodes: list[Node] = [("Bucket", upload.bucket), ("Key", upload.key), ("UploadId", upload.id)]
        body = document("InitiateMultipartUploadResult", nodes)
        return Response(200, {**headers, **encryption_headers(facts)}, body)

    def put_part(self, request: Request) -> Response:
        """UploadPart."""
        number, upload = _part_number(request), self._upload(request)
        needed = upload.algorithm or DEFAULT
        sent = _sent_algorithm(request, upload)
        request.body.compute(needed)
        request.body.is_part = True
        with self._store.writes.draft() as draft:
            receive(request, draft)
            sums = request.body.checksums
            part = self._uploads.put_part(upload, number, draft, request.body.etag, {needed: sums[needed]})
        shown = {PREFIX + name.lower(): sums[name] for name in (sent or upload.algorithm,) if name}
        return Response(200, {"ETag": f'"{part.etag}"', **shown, **encryption_headers(upload.facts)})

    def copy_part(self, request: Request) -> Response:
        """UploadPartCopy."""
        number, upload = _part_number(request), self._upload(request)
        request.body.discard()
        source, file = self._store.reads.open(*copy_source(request))
        needed = upload.algorithm or DEFAULT
        with file, self._store.writes.draft() as draft:
            check_copy_conditions(request, source)
            check_readable(source)
            start, left = _copy_range(request, source.size)
            md5, running = hashlib.md5(usedforsecurity=False), new_checksum(needed)
            file.seek(start)
            while left and (block := file.read(min(BLOCK, left))):
                left -= len(block)
                md5.update(block)
                running.update(block)
                draft.write(block)
            part = self._uploads.put_part(upload, number, draft, md5.hexdigest(), {needed: encoded(running)})
        sums: list[Node] = [(f"Checksum{needed}", part.checksums[needed])] if upload.algorithm else []
        nodes: list[Node] = [("LastModified", iso_time(part.mtime)), ("ETag", f'"{part.etag}"'), *sums]
        headers = encryption_headers(upload.facts)
        if source.version != NULL_VERSION:
            headers["x-amz-copy-source-version-id"] = source.version
        return Response(200, headers, document("CopyPartResult", nodes))

    def complete(self, request: Request) -> Response:
        """CompleteMultipartUpload; a repeated call returns the first call's answer."""
        condition = condition_of_write(request)
        whole = given_checksums(request.headers)
        request.body.forget_checksums()
        body = request.body.document()
        upload_id = request.query.get("uploadId", "")
        if done := self._uploads.completed(request.bucket, request.key, upload_id):
            return _completed(request, done)
        upload = self._upload(request)
        _check_mode(request, upload)
        claims = _claims(body)
        self._check_size(request, upload, claims)
        # S3 ignores the checksum of another algorithm, if the upload names none.
        given = next(iter(whole.values()), "") if upload.algorithm else whole.get(DEFAULT, "")
        info = self._uploads.complete(upload, claims, condition, given)
        answer = _completed(request, info)
        answer.events.append(("s3:ObjectCreated:CompleteMultipartUpload", info))
        return answer

    def _check_size(self, request: Request, upload: Upload, claims: list[Claim]) -> None:
        """Raise S3Error InvalidRequest if the client expects another object size."""
        expected = request.headers.get("x-amz-mp-object-size")
        if expected is None:
            return
        numbers = {claim.number for claim in claims}
        size = sum(part.size for part in self._uploads.parts(upload) if part.number in numbers)
        if expected != str(size):
            mismatch = f"header value {expected[:20]} does not match what was computed: {size}"
            raise S3Error("InvalidRequest", f"The provided 'x-amz-mp-object-size' {mismatch}")

    def abort(self, request: Request) -> Response:
        """AbortMultipartUpload."""
        self._uploads.abort(self._upload(request))
        return Response(204)

    def _upload(self, request: Request) -> Upload:
        return self._uploads.get(request.bucket, request.key, request.query.get("uploadId", ""))


def _completed(request: Request, info: ObjectInfo) -> Response:
    sums: list[Node] = [(f"Checksum{name}", value) for name, value in info.facts.checksums.items()]
    sums += [("ChecksumType", info.facts.checksum_type)] if sums else []
    location = f"http://{request.headers.get('host', 'localhost')}/{info.bucket}/{quote(info.key)}"
    nodes: list[Node] = [("Location", location), ("Bucket", info.bucket), ("Key", info.key)]
    body = document("CompleteMultipartUploadResult", [*nodes, ("ETag", f'"{info.etag}"'), *sums])
    return Response(200, {**written_version_header(info), **encryption_headers(info.facts)}, body)


def _checksum_type(request: Request, algorithm: str) -> str:
    """Validate the checksum type, with S3's default.

    SHA1 and SHA256 are always composite, CRC64NVME always covers the full object, the other two are composite by
    default.
    """
    kind = request.headers.get(f"{PREFIX}type", "").upper()
    if not algorithm:
        if kind:
            text = "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
            raise S3Error("InvalidRequest", text)
        return ""
    allowed = {"CRC64NVME": (FULL_OBJECT,), "SHA1": (COMPOSITE,), "SHA256": (COMPOSITE,)}.get(
        algorithm, (COMPOSITE, FULL_OBJECT)
    )
    kind = kind or allowed[0]
    if kind not in allowed:
        text = f"The {kind[:50]} checksum type cannot be used with the {algorithm.lower()} checksum algorithm."
        raise S3Error("InvalidRequest", text)
    return kind


def _check_mode(request: Request, upload: Upload) -> None:
    kind = request.headers.get(f"{PREFIX}type")
    if kind and kind.upper() != upload.checksum_type:
        text = (
            f"The upload was created using the {upload.checksum_type or 'null'} checksum mode. "
            "The complete request must use the same checksum mode."
        )
        raise S3Error("InvalidRequest", text)


def _sent_algorithm(request: Request, upload: Upload) -> str:
    """Return the algorithm of a part's own checksum; raises S3Error InvalidRequest if it is not the upload's."""
    sent = next(iter(request.body.sent), "")
    if upload.algorithm and sent and sent != upload.algorithm:
        text = (
            f"Checksum Type mismatch occurred, expected checksum Type: {upload.algorithm.lower()}, "
            f"actual checksum Type: {sent.lower()}"
        )
        raise S3Error("InvalidRequest", text)
    return sent


def _part_number(request: Request) -> int:
    text = request.query.get("partNumber", "")
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_PART_NUMBER):
        elements = {"ArgumentName": "partNumber", "ArgumentValue": text[:100]}
        message = f"Part number must be an integer between 1 and {MAX_PART_NUMBER}, inclusive"
        raise S3Error("InvalidArgument", message, elements)
    return int(text)


def _copy_range(request: Request, size: int) -> tuple[int, int]:
    """Return offset and length of the source range; raises S3Error InvalidArgument or InvalidRequest."""
    text = request.headers.get(_RANGE_HEADER)
    if text is None:
        return 0, size
    match = _COPY_RANGE.fullmatch(text.strip())
    elements = {"ArgumentName": _RANGE_HEADER, "ArgumentValue": text[:100]}
    if not match or int(match[1]) > int(match[2]):
        message = (
            f"The {_RANGE_HEADER} value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy"
        )
        raise S3Error("InvalidArgument", message, elements)
    first, last = int(match[1]), int(match[2])
    if first >= size:
        raise S3Error("InvalidRequest", "The specified copy range is invalid for the source object size")
    if last >= size:
        message = f"Range specified is not valid for source object of size: {size}"
        raise S3Error("InvalidArgument", message, elements)
    return first, last - first + 1


def _claims(body: bytes) -> list[Claim]:
    """Return the parts that a document lists; raises S3Error InvalidRequest or MalformedXML if it lists none."""
    if not body:
        raise S3Error("InvalidRequest", "You must specify at least one part")
    claims = [_claim(element) for element in parse(body, "CompleteMultipartUpload").findall("Part")]
    if not claims:
        raise S3Error("MalformedXML")
    return claims


def _claim(element: Element) -> Claim:
    number = text_of(element, "PartNumber")
    if not number.isdigit():
        raise S3Error("MalformedXML")
    checksums = {name: text_of(element, f"Checksum{name}") for name in ALGORITHMS}
    given = {name: value for name, value in checksums.items() if value}
    return Claim(int(number), text_of(element, "ETag").strip('"'), given)
