"""The log of one source: deltas, with checkpoints so that readers do not have to read the whole log.

Below the source's prefix:

* ``log/<version>.jsonl``: the answers that one commit added, one JSON object per line. A version is created once and
  never changed, so two writers cannot lose each other's answers.
* ``checkpoints/<version>.jsonl.gz``, at every 32nd version: the newest answer to each request at that version.
* ``segments/<version>.jsonl.gz``, at the same versions: the answers of the 32 deltas that end there, for readers of
  the history.

Checkpoints and segments are derived from the deltas only, so every writer writes the same bytes.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from estrela.etl.raw.raw_file import Page, RawAnswer
from estrela.hooks.parallel import threads

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

INTERVAL = 32
READERS = 8
DELTAS, CHECKPOINTS, SEGMENTS = "log", "checkpoints", "segments"


@dataclass(frozen=True)
class Logged:
    """An answer and the version of the log that added it."""

    version: int
    answer: RawAnswer


@dataclass(frozen=True)
class State:
    """The newest answer to each request, by request ID, as of ``version``."""

    version: int
    answers: dict[str, Logged]


@dataclass(frozen=True)
class RawLog:
    """The log below ``prefix``, accessed by a boto3 S3 client."""

    s3: S3Client
    bucket: str
    prefix: str

    def version(self) -> int:
        """Return the newest version, or 0 before the first answer."""
        checkpoint = max(self._versions(CHECKPOINTS), default=0)
        return max(self._versions(DELTAS, checkpoint), default=checkpoint)

    def state(self) -> State:
        """Return the newest answer to each request, read from one checkpoint and the deltas after it."""
        checkpoint = max(self._versions(CHECKPOINTS), default=0)
        return self._advanced(self._checkpoint(checkpoint), self._versions(DELTAS, checkpoint))

    def received_at(self, version: int) -> datetime | None:
        """Return the newest time of receipt among the answers that ``version`` added, or None if it does not exist."""
        try:
            return max((entry.answer.fetched_at for entry in self._read((version, DELTAS))), default=None)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise

    def history(self) -> Iterator[Logged]:
        """Yield every answer ever received, oldest first."""
        segments = self._versions(SEGMENTS)
        covered = {version for end in segments for version in range(end - INTERVAL + 1, end + 1)}
        parts = [(end, SEGMENTS) for end in segments]
        parts += [(version, DELTAS) for version in self._versions(DELTAS) if version not in covered]
        yield from self._parts(sorted(parts))

    def append(self, version: int, answers: Iterable[RawAnswer]) -> bool:
        """Create ``version`` from ``answers``; return whether this writer was the first to create it."""
        body = "".join(_line(Logged(version, answer)) for answer in answers)
        if not self._create(self._key(DELTAS, version), body.encode()):
            return False
        if version % INTERVAL == 0:
            self._write_checkpoints(version)
        return True

    def _write_checkpoints(self, newest: int) -> None:
        """Write all missing checkpoints up to ``newest``, including those of writers that died."""
        known = max(self._versions(CHECKPOINTS), default=0)
        state = self._checkpoint(known)
        for end in range(known + INTERVAL, newest + 1, INTERVAL):
            versions = list(range(end - INTERVAL + 1, end + 1))
            added = list(self._parts([(version, DELTAS) for version in versions]))
            state = State(end, state.answers | {entry.answer.request_id: entry for entry in added})
            # The checkpoint is written last, because an existing checkpoint implies that its segment exists.
            self._put(self._key(SEGMENTS, end), added)
            self._put(self._key(CHECKPOINTS, end), [state.answers[name] for name in sorted(state.answers)])

    def _checkpoint(self, version: int) -> State:
        entries = self._parts([(version, CHECKPOINTS)] if version else [])
        return State(version, {entry.answer.request_id: entry for entry in entries})

    def _advanced(self, state: State, versions: Sequence[int]) -> State:
        added = {entry.answer.request_id: entry for entry in self._parts([(version, DELTAS) for version in versions])}
        return State(max(versions, default=state.version), state.answers | added)

    def _parts(self, parts: Sequence[tuple[int, str]]) -> Iterator[Logged]:
        """Yield the answers of the parts in order; several parts are read concurrently."""
        with threads(READERS, "raw log") as pool:
            for start in range(0, len(parts), READERS):
                for entries in pool.map(self._read, parts[start : start + READERS]):
                    yield from entries

    def _read(self, part: tuple[int, str]) -> list[Logged]:
        version, kind = part
        body = self.s3.get_object(Bucket=self.bucket, Key=self._key(kind, version))["Body"].read()
        return [_parsed(line) for line in (body if kind == DELTAS else gzip.decompress(body)).splitlines()]

    def _put(self, key: str, logged: Iterable[Logged]) -> None:
        body = gzip.compress("".join(map(_line, logged)).encode(), compresslevel=6, mtime=0)
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def _create(self, key: str, body: bytes) -> bool:
        try:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, IfNoneMatch="*")
        except ClientError as error:
            # 412: the key exists. 409: another conditional write to the key is in progress. In both cases the log is
            # read again.
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in (409, 412):
                return False
            raise
        return True

    def _versions(self, kind: str, after: int = 0) -> list[int]:
        """Return the versions of all parts of one kind, after the version ``after``, in order."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=f"{self.prefix}/{kind}/", StartAfter=self._key(kind, after)
        )
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        return [int(key.rsplit("/", 1)[1].partition(".")[0]) for key in keys]

    def _key(self, kind: str, version: int) -> str:
        return f"{self.prefix}/{kind}/{version:08d}.jsonl{'' if kind == DELTAS else '.gz'}"


def _line(logged: Logged) -> str:
    """Return one line of JSON without empty values."""
    answer = logged.answer
    entry: dict[str, object] = {
        "version": logged.version,
        "request": dict(sorted(answer.request.items())),
        "fetched_at": answer.fetched_at.isoformat(),
        "pages": [{name: value for name, value in asdict(page).items() if value != ""} for page in answer.pages],
    }
    if answer.records is not None:
        entry["records"] = answer.records
    return json.dumps(entry, ensure_ascii=True, separators=(",", ":")) + "\n"


def _parsed(line: bytes) -> Logged:
    entry: dict[str, Any] = json.loads(line)
    pages = tuple(Page(**{"url": ""} | page) for page in entry["pages"])
    fetched_at = datetime.fromisoformat(entry["fetched_at"]).astimezone(UTC)
    return Logged(entry["version"], RawAnswer(entry["request"], fetched_at, pages, entry.get("records")))
