"""POST of an object by an HTML form, as presigned posts send it.

The policy's expiry and conditions are enforced; its signature is not verified, like all signatures.
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from localaws.s3.checksums import DEFAULT, new_checksum
from localaws.s3.checksums import encoded as encoded_checksum
from localaws.s3.documents import document
from localaws.s3.errors import PreconditionFailedError, S3Error
from localaws.s3.names import check_key
from localaws.s3.object_writes import MAX_PUT, written_headers
from localaws.s3.request import Request, Response
from localaws.s3.store import ObjectStore
from localaws.s3.tags import parse_tags
from localaws.s3.write_headers import facts_of

MAX_FIELD = 20 << 10


@dataclass(frozen=True)
class _Form:
    """The fields before the file, by lower-case name, the file's name, and the file's bytes in blocks."""

    fields: Mapping[str, str]
    filename: str
    blocks: Iterator[bytes]


def post_object(store: ObjectStore, request: Request) -> Response:
    """PostObject."""
    store.buckets.folder(request.bucket)
    form = _form_of(request)
    fields = {**form.fields, "bucket": request.bucket}
    lowest, highest = check_policy(fields)
    key = fields.get("key", "").replace("${filename}", form.filename or "${filename}")
    if not key:
        text = (
            "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields."
        )
        raise S3Error("InvalidArgument", text, {"ArgumentName": "key"})
    check_key(key)
    # In the form that headers of a PUT have: each byte of UTF-8 as one character.
    given = ((name, value.encode().decode("latin-1")) for name, value in fields.items())
    headers = {name: value for name, value in given if name not in ("tagging", "acl")}
    facts = facts_of(headers, request.bucket)
    if fields.get("tagging"):
        facts = replace(facts, tags=parse_tags(fields["tagging"].encode(), any_root=True))
    checksum, md5 = new_checksum(DEFAULT), hashlib.md5(usedforsecurity=False)
    with store.writes.draft() as draft:
        size = 0
        for block in form.blocks:
            size += len(block)
            _check_size(size, 0, highest)
            checksum.update(block)
            md5.update(block)
            draft.write(block)
        _check_size(size, lowest, highest)
        facts = replace(facts, checksums={DEFAULT: encoded_checksum(checksum)})
        info = store.writes.put(request.bucket, key, draft, md5.hexdigest(), facts)
    answer = _answer(request, fields, written_headers(info), key)
    answer.events.append(("s3:ObjectCreated:Post", info))
    return answer


def _form_of(request: Request) -> _Form:
    """Read the fields up to the file; raises S3Error if the body is not such a form."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != "multipart/form-data":
        raise PreconditionFailedError("Bucket POST must be of the enclosure-type multipart/form-data")
    boundary = options.get("boundary", "")
    if not boundary:
        raise S3Error("MalformedPOSTRequest")
    events = _events(MultipartDecoder(boundary.encode()), request.body.blocks())
    fields: dict[str, str] = {}
    name, value = "", b""
    for event in events:
        if isinstance(event, File) or (isinstance(event, Field) and event.name.lower() == "file"):
            return _Form(fields, getattr(event, "filename", ""), _file_blocks(events))
        if isinstance(event, Field):
            name, value = event.name.lower(), b""
        elif isinstance(event, Data):
            value += event.data
            if len(value) > MAX_FIELD:
                raise S3Error("MalformedPOSTRequest", f"A field before the file is longer than {MAX_FIELD} bytes")
            if not event.more_data:
                fields[name] = value.decode(errors="replace")
    raise S3Error("InvalidArgument", "POST requires exactly one file upload per request.", {"ArgumentName": "file"})


def _events(decoder: MultipartDecoder, blocks: Iterator[bytes]) -> Iterator[Any]:
    """Yield the form's events and read no further ahead than needed; raises S3Error MalformedPOSTRequest."""
    try:
        while not isinstance(event := decoder.next_event(), Epilogue):
            if isinstance(event, NeedData):
                decoder.receive_data(next(blocks, None))
            else:
                yield event
    except ValueError as error:
        raise S3Error("MalformedPOSTRequest") from error
    for _ in blocks:  # what follows the form belongs to this request
        continue


def _file_blocks(events: Iterator[Any]) -> Iterator[bytes]:
    is_open = True
    for event in events:
        if is_open and isinstance(event, Data):
            yield event.data
            is_open = event.more_data


def check_policy(fields: Mapping[str, str]) -> tuple[int, int]:
    """Check a form against its policy, and return the allowed sizes (bytes); without a policy, any size of a PUT.

    Raises S3Error AccessDenied for an expired policy or a condition that fails, InvalidPolicyDocument for a malformed
    policy.
    """
    if "policy" not in fields:
        return 0, MAX_PUT
    try:
        policy = json.loads(base64.b64decode(fields["policy"]))
        ends = datetime.fromisoformat(policy["expiration"])
        conditions = list(policy["conditions"])
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise S3Error("InvalidPolicyDocument") from error
    if datetime.now(UTC) > (ends if ends.tzinfo else ends.replace(tzinfo=UTC)):
        raise S3Error("AccessDenied", "Invalid according to Policy: Policy expired.")
    sizes = (0, MAX_PUT)
    for condition in conditions:
        triple = _triple(condition)
        if triple[0].lower() == "content-length-range" and all(str(item).isdigit() for item in triple[1:]):
            sizes = (int(triple[1]), int(triple[2]))
        elif not _is_satisfied(triple, fields):
            text = f"Invalid according to Policy: Policy Condition failed: {json.dumps(triple)}"
            raise S3Error("AccessDenied", text)
    return sizes


def _triple(condition: Any) -> list[Any]:
    if isinstance(condition, dict):
        if len(condition) != 1:
            text = (
                "Invalid Policy: Invalid Simple-Condition: Simple-Conditions must have exactly one property specified."
            )
            raise S3Error("InvalidPolicyDocument", text)
        name, value = next(iter(condition.items()))
        return ["eq", f"${name}", value]
    if not isinstance(condition, list) or len(condition) != 3 or not isinstance(condition[0], str):
        raise S3Error("InvalidPolicyDocument")
    return condition


def _is_satisfied(triple: list[Any], fields: Mapping[str, str]) -> bool:
    operator, name, wanted = triple[0].lower(), str(triple[1]), str(triple[2])
    if not name.startswith("$"):
        return False
    field = fields.get(name[1:].lower(), "")
    return field == wanted if operator == "eq" else operator == "starts-with" and field.startswith(wanted)


def _check_size(size: int, lowest: int, highest: int) -> None:
    if size > highest:
        elements = {"ProposedSize": str(size), "MaxSizeAllowed": str(highest)}
        raise S3Error("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", elements)
    if size < lowest:
        raise S3Error("EntityTooSmall", elements={"ProposedSize": str(size), "MinSizeAllowed": str(lowest)})


def _answer(request: Request, fields: Mapping[str, str], headers: dict[str, str], key: str) -> Response:
    """Answer with the status, or redirect to the page, that the form names."""
    location = f"http://{request.headers.get('host', 'localhost')}/{request.bucket}/{quote(key)}"
    target = fields.get("success_action_redirect") or fields.get("redirect")
    if target and urlsplit(target).scheme in ("http", "https"):
        etag = quote(headers["ETag"])
        separator = "&" if "?" in target else "?"
        query = f"bucket={quote(request.bucket)}&key={quote(key)}&etag={etag}"
        return Response(303, {**headers, "Location": f"{target}{separator}{query}"})
    status = fields.get("success_action_status", "")
    if status == "201":
        nodes = [("Location", location), ("Bucket", request.bucket), ("Key", key), ("ETag", headers["ETag"])]
        return Response(201, {**headers, "Location": location}, document("PostResponse", nodes, namespace=""))
    return Response(200 if status == "200" else 204, {**headers, "Location": location})
