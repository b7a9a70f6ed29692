"""Intake of answers into the raw layer: contents are stored at once, log entries in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boto3.s3.transfer import TransferConfig

from estrela.errors import LoadError
from estrela.etl.raw.log import Logged, RawLog
from estrela.etl.raw.raw_file import RawAnswer, object_key
from estrela.hooks.body import Body

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

COMMIT_ATTEMPTS = 20
PART = 8 << 20
PARTS = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=2, max_io_queue=2)
"""An upload holds a few parts of 8 MiB in memory, independent of the size of the body."""


class Intake:
    """Adds answers of one source to its log, ``batch`` per commit; 0 means a single commit by :meth:`commit`.

    A body is stored on arrival, before the log refers to it. So a killed run keeps its committed batches and never
    leaves a log entry without content. Contents of the newest answers are not stored again, except with ``afresh``,
    which repairs a bucket that has lost contents. :meth:`store` may be called from any thread, the other methods from
    only one.
    """

    def __init__(self, s3: S3Client, bucket: str, prefix: str, batch: int = 0, *, afresh: bool = False) -> None:
        self._s3, self._bucket, self._prefix, self.batch = s3, bucket, prefix, batch
        self._log = RawLog(s3, bucket, prefix)
        self._state = self._log.state()
        newest = () if afresh else self._state.answers.values()
        self._stored = frozenset(page.sha256 for logged in newest for page in logged.answer.pages)
        self._pending: dict[str, RawAnswer] = {}
        self._added: list[Logged] = []

    @property
    def known(self) -> dict[str, RawAnswer]:
        """The newest answer to each request in the log, by request ID."""
        return {name: logged.answer for name, logged in self._state.answers.items()}

    @property
    def added(self) -> list[Logged]:
        """Answers that this intake has committed."""
        return list(self._added)

    def store(self, body: Body) -> None:
        """Store a body under its sha256. Storing the same content again writes the same object."""
        if body.sha256 in self._stored:
            return
        key = object_key(self._prefix, body.sha256)
        if body.size <= PART:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body.read())
        else:
            self._s3.upload_fileobj(body.file(), self._bucket, key, Config=PARTS)

    def add(self, answer: RawAnswer) -> bool:
        """Add an answer whose bodies are stored; return whether it differs from the newest one in the log.

        If a source never had content for a request and still has none, no entry is written.
        """
        known = self._state.answers.get(answer.request_id)
        if (known.answer.content if known else ()) == answer.content:
            self._pending.pop(answer.request_id, None)
            return False
        self._pending[answer.request_id] = answer
        if self.batch and len(self._pending) >= self.batch:
            self.commit()
        return True

    def commit(self) -> None:
        """Write the added answers to the log as one version. Raises LoadError if other writers are always faster."""
        for _ in range(COMMIT_ATTEMPTS):
            if not self._pending:
                return
            version = self._state.version + 1
            answers = [self._pending[name] for name in sorted(self._pending)]
            if self._log.append(version, answers):
                self._take_over(version, answers)
                return
            self._state = self._log.state()
            self._drop_known()
        raise LoadError(
            self._prefix, f"other writers committed first at each of {COMMIT_ATTEMPTS} attempts; run the extract again"
        )

    def discard(self) -> None:
        """Discard the answers that are not committed."""
        self._pending.clear()

    def _take_over(self, version: int, answers: list[RawAnswer]) -> None:
        logged = [Logged(version, answer) for answer in answers]
        self._state.answers.update({entry.answer.request_id: entry for entry in logged})
        self._state = type(self._state)(version, self._state.answers)
        self._added += logged
        self._pending.clear()

    def _drop_known(self) -> None:
        """Drop pending answers that another writer has committed in the meantime."""
        for name, answer in list(self._pending.items()):
            known = self._state.answers.get(name)
            if known and known.answer.content == answer.content:
                del self._pending[name]
