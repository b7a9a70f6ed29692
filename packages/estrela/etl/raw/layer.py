"""Raw layer: source files stored unchanged, with a log of when and how each was fetched.

``<prefix>/<source>/objects/<sha256>`` holds contents; beside it are the source's log (:mod:`estrela.etl.raw.log`), the
record of what was asked on each day (:mod:`estrela.etl.raw.asked`) and when the source last answered
(:mod:`estrela.etl.raw.answered`).
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
    """One page, from 0, of an answer that is in memory: what was asked for, where, and what came when (UTC)."""

    request: Mapping[str, str]
    page: int
    url: str
    body: bytes
    fetched_at: datetime


@dataclass(frozen=True)
class RawLayer:
    """The raw layer of one star in a lake bucket, over a boto3 S3 client."""

    s3: S3Client
    bucket: str
    prefix: str = "raw"

    def uri(self, file: RawFile) -> str:
        """Return where Spark reads the file, ``s3://bucket/key``."""
        return f"s3://{self.bucket}/{file.key}"

    def read(self, file: RawFile) -> bytes:
        """Return the content of one file."""
        return self.s3.get_object(Bucket=self.bucket, Key=file.key)["Body"].read()

    def chunks(self, file: RawFile, size: int) -> Iterator[bytes]:
        """Yield the content of one file in parts of at most ``size`` bytes."""
        yield from self.s3.get_object(Bucket=self.bucket, Key=file.key)["Body"].iter_chunks(size)

    def head(self, file: RawFile, size: int) -> bytes:
        """Return the first ``size`` bytes of one file."""
        if not file.size:
            return b""
        return self.s3.get_object(Bucket=self.bucket, Key=file.key, Range=f"bytes=0-{size - 1}")["Body"].read()

    def files(self, source: str) -> list[RawFile]:
        """Return every entry of the log of ``source``, oldest first: withdrawals too, but no retired answer."""
        gone = self.retired(source).answers()
        return [
            file
            for logged in self._log(source).history()
            if (logged.answer.request_id, logged.version) not in gone
            for file in self._files(source, logged)
        ]

    def retired(self, source: str) -> RetiredLog:
        """Return the record of the answers of ``source`` whose contents were given up."""
        return RetiredLog(self.s3, self.bucket, self._prefix(source))

    def contents(self, source: str) -> RawContents:
        """Return the stored contents of ``source``."""
        return RawContents(self.s3, self.bucket, self._prefix(source))

    def version(self, source: str) -> int:
        """Return the newest log version of ``source``; 0 before anything was received."""
        return self._log(source).version()

    def received_at(self, source: str, version: int) -> datetime | None:
        """Return when the answers of one version of the log came, the newest of them (UTC); None of a missing version.

        Contents of answers that were retired may be gone; the version is still there.
        """
        return self._log(source).received_at(version)

    def answered_at(self, source: str) -> datetime | None:
        """Return the start (UTC) of the newest run in which ``source`` answered all that was asked; None: never."""
        return Answered(self.s3, self.bucket, self._prefix(source)).at()

    def note_answered(self, source: str, at: datetime) -> None:
        """Record the start of a run in which ``source`` answered all that was asked."""
        Answered(self.s3, self.bucket, self._prefix(source)).note(at)

    def current(self, source: str) -> list[RawFile]:
        """Return the newest answer to each request, in the order of requests and pages, withdrawn ones left out."""
        answers = self._log(source).state().answers
        return [file for name in sorted(answers) for file in self._files(source, answers[name]) if not file.withdrawn]

    def state(self, source: str) -> dict[str, RawAnswer]:
        """Return the newest answer to each request, by request ID, withdrawn ones included."""
        return {name: logged.answer for name, logged in self._log(source).state().answers.items()}

    def receipt(self, source: str, *, afresh: bool = False) -> Receipt:
        """Return the way in for the answers of one run; ``afresh``: known contents are stored again."""
        prefix = self._prefix(source)
        return Receipt(Intake(self.s3, self.bucket, prefix, afresh=afresh), AskedLog(self.s3, self.bucket, prefix))

    def write(self, source: str, arrivals: Sequence[Arrival]) -> list[RawFile]:
        """Keep what differs from the newest answers, in one commit; return the new entries, none if nothing changed.

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
