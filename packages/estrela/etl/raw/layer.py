"""Raw layer: source files stored unchanged, with a log of when and how each was fetched.

``<prefix>/<source>/objects/<sha256>`` are the contents. The same folder has the source's log
(:mod:`estrela.etl.raw.log`), the daily record of requests (:mod:`estrela.etl.raw.asked`) and the time of the last
complete answer (:mod:`estrela.etl.raw.answered`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from estrela.etl.raw.answered import Answered
from estrela.etl.raw.asked import AskedLog
from estrela.etl.raw.contents import RawContents
from estrela.etl.raw.intake import Intake
from estrela.etl.raw.log import Logged, RawLog
from estrela.etl.raw.raw_file import Page, RawAnswer, RawFile, files_of
from estrela.etl.raw.receipt import Receipt
from estrela.etl.raw.request_id import request_id
from estrela.etl.raw.retired import RetiredLog
from estrela.hooks.body import Body

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Arrival:
    """One page, numbered from 0, of an answer in memory: its request, URL, content and time of receipt (UTC)."""

    request: Mapping[str, str]
    page: int
    url: str
    body: bytes
    fetched_at: datetime


@dataclass(frozen=True)
class RawLayer:
    """The raw layer of one star in a lake bucket, accessed by a boto3 S3 client."""

    s3: S3Client
    bucket: str
    prefix: str = "raw"

    def uri(self, file: RawFile) -> str:
        """Return the URI from which Spark reads the file, ``s3://bucket/key``."""
        return f"s3://{self.bucket}/{file.key}"

    def read(self, file: RawFile) -> bytes:
        """Return the content of one file."""
        return self.s3.get_object(Bucket=self.bucket, Key=file.key)["Body"].read()

    def chunks(self, file: RawFile, size: int) -> Iterator[bytes]:
        """Yield the content of one file in chunks of at most ``size`` bytes."""
        yield from self.s3.get_object(Bucket=self.bucket, Key=file.key)["Body"].iter_chunks(size)

    def head(self, file: RawFile, size: int) -> bytes:
        """Return the first ``size`` bytes of one file."""
        if not file.size:
            return b""
        return self.s3.get_object(Bucket=self.bucket, Key=file.key, Range=f"bytes=0-{size - 1}")["Body"].read()

    def files(self, source: str) -> list[RawFile]:
        """Return all entries of the log of ``source``, oldest first, including withdrawals but not retired answers."""
        gone = self.retired(source).answers()
        return [
            file
            for logged in self._log(source).history()
            if (logged.answer.request_id, logged.version) not in gone
            for file in self._files(source, logged)
        ]

    def retired(self, source: str) -> RetiredLog:
        """Return the record of answers of ``source`` whose contents were given up for removal."""
        return RetiredLog(self.s3, self.bucket, self._prefix(source))

    def contents(self, source: str) -> RawContents:
        """Return the stored contents of ``source``."""
        return RawContents(self.s3, self.bucket, self._prefix(source))

    def version(self, source: str) -> int:
        """Return the newest log version of ``source``, or 0 before the first answer."""
        return self._log(source).version()

    def received_at(self, source: str, version: int) -> datetime | None:
        """Return the newest time of receipt (UTC) in a version of the log, or None if the version does not exist.

        Versions with retired answers still exist, although their contents may be gone.
        """
        return self._log(source).received_at(version)

    def answered_at(self, source: str) -> datetime | None:
        """Return the start (UTC) of the newest run in which ``source`` answered all requests, or None."""
        return Answered(self.s3, self.bucket, self._prefix(source)).at()

    def note_answered(self, source: str, at: datetime) -> None:
        """Record the start of a run in which ``source`` answered all requests."""
        Answered(self.s3, self.bucket, self._prefix(source)).note(at)

    def current(self, source: str) -> list[RawFile]:
        """Return the newest answer to each request, ordered by request and page, without withdrawn ones."""
        answers = self._log(source).state().answers
        return [file for name in sorted(answers) for file in self._files(source, answers[name]) if not file.withdrawn]

    def state(self, source: str) -> dict[str, RawAnswer]:
        """Return the newest answer to each request, by request ID, including withdrawn ones."""
        return {name: logged.answer for name, logged in self._log(source).state().answers.items()}

    def receipt(self, source: str, *, afresh: bool = False) -> Receipt:
        """Return the receipt for the answers of one run; with ``afresh`` it stores known contents again."""
        prefix = self._prefix(source)
        return Receipt(Intake(self.s3, self.bucket, prefix, afresh=afresh), AskedLog(self.s3, self.bucket, prefix))

    def write(self, source: str, arrivals: Sequence[Arrival]) -> list[RawFile]:
        """Store the arrivals that differ from the newest answers, in one commit; return the new entries, possibly none.

        Arrivals of the same request are the pages of one answer.
        """
        intake = Intake(self.s3, self.bucket, self._prefix(source), afresh=True)
        ordered = sorted(arrivals, key=lambda arrival: (request_id(arrival.request), arrival.page))
        for _, pages in groupby(ordered, key=lambda arrival: request_id(arrival.request)):
            intake.add(_stored(intake, list(pages)))
        intake.commit()
        return [file for logged in intake.added for file in self._files(source, logged)]

    def _log(self, source: str) -> RawLog:
        return RawLog(self.s3, self.bucket, self._prefix(source))

    def _prefix(self, source: str) -> str:
        return f"{self.prefix}/{source}"

    def _files(self, source: str, logged: Logged) -> list[RawFile]:
        return files_of(source, self._prefix(source), logged.version, logged.answer)


def _stored(intake: Intake, arrivals: Sequence[Arrival]) -> RawAnswer:
    pages = []
    for arrival in arrivals:
        body = Body.of(arrival.body)
        intake.store(body)
        pages.append(Page(arrival.url, body.size, body.sha256))
    return RawAnswer(arrivals[0].request, arrivals[0].fetched_at, tuple(pages))
