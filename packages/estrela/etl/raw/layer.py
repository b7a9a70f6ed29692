"""The raw layer: what a source sent, byte for byte, and the log that says when and by which request it came.

``raw/<source>/objects/<sha256>`` holds contents; ``raw/<source>/log/<version>.json`` holds the log, complete in each
version, so that one listing and one read give everything that is known of a source. A version is only ever created,
never changed: two writers at once cannot lose each other's entries.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from estrela.errors import LoadError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

WRITERS = 8
COMMIT_ATTEMPTS = 20


@dataclass(frozen=True)
class Arrival:
    """One page of a source's answer, as received.

    ``request`` names what was asked for in the source's own terms, for example year and quarter, or CNPJ and person
    type; ``page`` counts from 0. ``etag`` and ``last_modified`` are the source's validators, "" where it sent none.
    """

    request: Mapping[str, str]
    page: int
    url: str
    body: bytes
    fetched_at: datetime
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True)
class RawFile:
    """An entry of the log: from ``fetched_at`` (UTC) on, ``request`` was answered by the object ``key``.

    ``version`` is the log version that brought it. All pages of one request carry the same version, so the pages of
    the highest version are the current answer.
    """

    source: str
    request: Mapping[str, str]
    page: int
    url: str
    fetched_at: datetime
    size: int
    sha256: str
    key: str
    version: int
    etag: str = ""
    last_modified: str = ""

    @property
    def request_id(self) -> str:
        """The request as one comparable text, such as ``quarter=4,year=2021``."""
        return request_id(self.request)


def request_id(request: Mapping[str, str]) -> str:
    """``name=value`` pairs, sorted by name and joined by commas."""
    return ",".join(f"{name}={request[name]}" for name in sorted(request))


def current(files: Iterable[RawFile]) -> list[RawFile]:
    """The newest answer to each request, with all its pages, in the order of requests and pages."""
    newest: dict[str, int] = {}
    kept = sorted(files, key=lambda file: (file.request_id, file.page))
    for file in kept:
        newest[file.request_id] = max(file.version, newest.get(file.request_id, 0))
    return [file for file in kept if file.version == newest[file.request_id]]


@dataclass(frozen=True)
class RawLayer:
    """The raw layer of one lake bucket, over a boto3 S3 client."""

    s3: S3Client
    bucket: str
    prefix: str = "raw"

    def uri(self, file: RawFile) -> str:
        """Where Spark reads the file, ``s3://bucket/key``."""
        return f"s3://{self.bucket}/{file.key}"

    def read(self, file: RawFile) -> bytes:
        """The content of one file."""
        return self.s3.get_object(Bucket=self.bucket, Key=file.key)["Body"].read()

    def head(self, file: RawFile, size: int) -> bytes:
        """The first ``size`` bytes of one file."""
        if not file.size:
            return b""
        return self.s3.get_object(Bucket=self.bucket, Key=file.key, Range=f"bytes=0-{size - 1}")["Body"].read()

    def files(self, source: str) -> list[RawFile]:
        """Everything ever received from ``source``, oldest first."""
        version = self.version(source)
        return self._log(source, version) if version else []

    def version(self, source: str) -> int:
        """The number of the newest log version of ``source``; 0 before anything was received."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=f"{self.prefix}/{source}/log/"
        )
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        return max((int(key.rsplit("/", 1)[1].removesuffix(".json")) for key in keys), default=0)

    def current(self, source: str) -> list[RawFile]:
        """The newest answer to each request ever made to ``source``."""
        return current(self.files(source))

    def write(self, source: str, arrivals: Sequence[Arrival]) -> list[RawFile]:
        """Keep what differs from the current answers; return the new entries, none if nothing changed.

        All pages of a request must be given together. Contents are written before the log names them, so a writer
        that dies leaves the log as it was. Raises LoadError if other writers keep winning.
        """
        for _ in range(COMMIT_ATTEMPTS):
            version = self.version(source)
            known = self._log(source, version) if version else []
            fresh = _changed(self.prefix, source, arrivals, known, version + 1)
            if not fresh:
                return []
            self._put_contents(fresh, arrivals, {file.key for file in known})
            if self._create(_log_key(self.prefix, source, version + 1), _to_json([*known, *fresh])):
                return fresh
        raise LoadError(f"raw/{source}", f"{COMMIT_ATTEMPTS} writers in a row were faster; run the extract again")

    def _put_contents(self, fresh: Sequence[RawFile], arrivals: Sequence[Arrival], known: set[str]) -> None:
        bodies = {hashlib.sha256(arrival.body).hexdigest(): arrival.body for arrival in arrivals}
        missing = {file.key: bodies[file.sha256] for file in fresh if file.key not in known}
        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(lambda key: self.s3.put_object(Bucket=self.bucket, Key=key, Body=missing[key]), missing))

    def _create(self, key: str, body: bytes) -> bool:
        """Write an object unless one of that key exists; say whether it was written."""
        try:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, IfNoneMatch="*")
        except ClientError as error:
            # 412: the key exists. 409: another conditional write of it is in flight; read the log again either way.
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in (409, 412):
                return False
            raise
        return True

    def _log(self, source: str, version: int) -> list[RawFile]:
        body = self.s3.get_object(Bucket=self.bucket, Key=_log_key(self.prefix, source, version))["Body"].read()
        return [_from_json(entry) for entry in json.loads(body)]


def _log_key(prefix: str, source: str, version: int) -> str:
    return f"{prefix}/{source}/log/{version:08d}.json"


def _to_json(files: Sequence[RawFile]) -> bytes:
    entries = [asdict(file) | {"fetched_at": file.fetched_at.isoformat()} for file in files]
    return ("[\n" + ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries) + "\n]\n").encode()


def _from_json(entry: dict[str, object]) -> RawFile:
    fetched_at = datetime.fromisoformat(str(entry["fetched_at"])).astimezone(UTC)
    return RawFile(**(entry | {"fetched_at": fetched_at}))  # type: ignore[arg-type]


def _changed(
    prefix: str, source: str, arrivals: Sequence[Arrival], known: Sequence[RawFile], version: int
) -> list[RawFile]:
    """The entries of every request whose pages are not, byte for byte, its current ones."""
    before: dict[str, list[str]] = {}
    for file in current(known):
        before.setdefault(file.request_id, []).append(file.sha256)
    now: dict[str, list[RawFile]] = {}
    for arrival in sorted(arrivals, key=lambda one: (request_id(one.request), one.page)):
        entry = _entry(prefix, source, arrival, version)
        now.setdefault(entry.request_id, []).append(entry)
    changed = [files for asked, files in now.items() if [file.sha256 for file in files] != before.get(asked)]
    return [file for files in changed for file in files]


def _entry(prefix: str, source: str, arrival: Arrival, version: int) -> RawFile:
    digest = hashlib.sha256(arrival.body).hexdigest()
    return RawFile(
        source=source,
        request=dict(sorted(arrival.request.items())),
        page=arrival.page,
        url=arrival.url,
        fetched_at=arrival.fetched_at,
        size=len(arrival.body),
        sha256=digest,
        key=f"{prefix}/{source}/objects/{digest}",
        version=version,
        etag=arrival.etag,
        last_modified=arrival.last_modified,
    )
