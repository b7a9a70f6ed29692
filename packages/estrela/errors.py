"""All Estrela exceptions, grouped by how the caller should react. Details are attributes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MESSAGE_LIMIT = 2000
"""Maximum characters of a message: error texts go to logs and chat, and never contain a whole body or table."""
MASK = "(sensitive)"
"""Replaces every value of a sensitive column, and the raw line of a source that has one."""
EXAMPLES = 5
"""Maximum number of examples, names or failures that a message lists; the rest are only counted."""


def bounded(text: object, limit: int = 300) -> str:
    """Return ``text`` on one line of at most ``limit`` characters, with ``...`` at the end if it was truncated."""
    line = " ".join(str(text).split())
    return line if len(line) <= limit else f"{line[: limit - 3]}..."


def some_of(values: Iterable[object], limit: int = EXAMPLES) -> str:
    """Return the first ``limit`` values, comma-separated, and the number of the others."""
    shown = [bounded(value) for value in values]
    rest = len(shown) - limit
    return ", ".join(shown[:limit]) + (f" and {rest} more" if rest > 0 else "")


def _restored(kind: type[EstrelaError], args: tuple[object, ...], facts: dict[str, Any]) -> EstrelaError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(facts)
    return error


class EstrelaError(Exception):
    """The base class of all errors; catch it at an entry point. ``retriable``: the same call may succeed later."""

    retriable = False

    def __init__(self, message: str) -> None:
        super().__init__(bounded(message, MESSAGE_LIMIT))

    def __reduce__(self) -> tuple[Any, ...]:
        # Spark and Airflow pickle errors between processes; by default, unpickling calls __init__ with only the
        # message.
        return _restored, (type(self), self.args, self.__dict__)


class DefinitionError(EstrelaError):
    """A declaration is wrong: ``where`` it is, the ``problem``, and the ``allowed`` values."""

    def __init__(self, where: str, problem: str, allowed: Iterable[object] = ()) -> None:
        self.where, self.problem, self.allowed = where, problem, tuple(allowed)
        hint = f"; allowed: {some_of(self.allowed, 20)}" if self.allowed else ""
        super().__init__(f"{where}: {problem}{hint}")


class SettingsError(EstrelaError):
    """An argument or environment variable, ``name``, is missing or wrong; raised before anything is read."""

    def __init__(self, name: str, problem: str) -> None:
        self.name, self.problem = name, problem
        super().__init__(f"{name}: {problem}")


class ExtractError(EstrelaError):
    """A source could not be extracted. ``failures`` has the individual errors if several requests failed."""

    def __init__(self, source: str, problem: str) -> None:
        self.source = source
        self.failures: tuple[ExtractError, ...] = ()
        super().__init__(f"{source}: {problem}")

    @classmethod
    def of(cls, source: str, failures: Sequence[ExtractError], asked: int, tolerated: int) -> ExtractError:
        """Return the error of a run in which more requests failed than the source's declaration tolerates.

        It is a SourceUnavailableError if all failures are retriable, else a plain ExtractError.
        """
        listed = "; ".join(bounded(failure, 160) for failure in failures[:10])
        rest = f"; and {len(failures) - 10} more" if len(failures) > 10 else ""
        problem = (
            f"{len(failures)} of {asked} requests failed, at most {tolerated} may fail; "
            f"the answers that were received are stored. Failed: {listed}{rest}"
        )
        passing = all(failure.retriable for failure in failures)
        error = SourceUnavailableError(source, problem) if passing else ExtractError(source, problem)
        error.failures = tuple(failures)
        return error


class SourceUnavailableError(ExtractError):
    """The source is temporarily unavailable: timeout, 429, 5xx, an error page with status 200, a truncated body.

    ``retry_after`` is the time in seconds that the source asked to wait, if any; ``status`` the last HTTP status.
    """

    retriable = True

    def __init__(
        self, source: str, problem: str, *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        self.status, self.retry_after = status, retry_after
        super().__init__(source, problem)


class SourceRejectedError(ExtractError):
    """The source refuses the request: a 4xx other than 408 and 429, bad credentials. ``status`` is the HTTP status."""

    def __init__(self, source: str, problem: str, *, status: int) -> None:
        self.status = status
        super().__init__(source, problem)


class SourceChangedError(ExtractError):
    """Columns or shape are not as declared: ``expected`` and ``received``, and ``where`` (a file or URL)."""

    def __init__(self, source: str, where: str, *, expected: object, received: object) -> None:
        self.where, self.expected, self.received = where, expected, received
        super().__init__(source, f"{bounded(where)}: expected {bounded(expected)}, received {bounded(received)}")


class FileRefusedError(EstrelaError):
    """A file of a feed cannot be loaded: ``feed``, ``file`` (its address) and the ``reason``.

    Correct the file or the declaration. ``is_of_columns``: its columns differ from the declaration.
    """

    def __init__(self, feed: str, file: str, reason: str, *, is_of_columns: bool = False) -> None:
        self.feed, self.file, self.reason, self.is_of_columns = feed, file, reason, is_of_columns
        super().__init__(f"{feed}: {bounded(file)}: {bounded(reason, 1000)}")


class TransformError(EstrelaError):
    """The transform of ``table`` failed; raised from Spark's own error."""

    def __init__(self, table: str, problem: str) -> None:
        self.table, self.problem = table, problem
        super().__init__(f"{table}: {bounded(problem, 1000)}")


@dataclass(frozen=True)
class CheckFailure:
    """A failed check: its name, the column, the number of bad rows and up to five examples."""

    check: str
    column: str
    count: int
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        shown = f", for example {some_of(self.examples)}" if self.examples else ""
        return f"{self.check} on {self.column} fails on {self.count} rows{shown}"


class QualityError(EstrelaError):
    """Checks of ``table`` failed, so nothing was published; ``failures`` lists them."""

    def __init__(self, table: str, failures: Sequence[CheckFailure]) -> None:
        self.table, self.failures = table, list(failures)
        super().__init__(f"{table} is not published: {'; '.join(str(failure) for failure in failures)}")


class HeldBackError(EstrelaError):
    """``sources``, reasons by name, were refused and keep their old rows; all else was published as ``release``."""

    def __init__(self, star: str, release: int, sources: Mapping[str, str]) -> None:
        self.star, self.release, self.sources = star, release, dict(sources)
        reasons = "; ".join(f"{name}: {bounded(reason, 1200 // len(sources))}" for name, reason in sources.items())
        super().__init__(
            f"{star}: the new data of {some_of(sources)} was refused and the old data is kept; everything else is "
            f"published as release {release}. Wait for a corrected file, or set the refused file aside with "
            f"--phase quarantine. {reasons}"
        )


class LoadError(EstrelaError):
    """Writing ``table`` failed; readers see the previous data. ``retriable`` unless the store refused the request."""

    retriable = True

    def __init__(self, table: str, problem: str, *, retriable: bool = True) -> None:
        self.table, self.problem, self.retriable = table, problem, retriable
        super().__init__(f"{table}: {bounded(problem, 1000)}")


class ClaimLostError(EstrelaError):
    """The lease of a claimed file expired, or another worker has claimed it: nothing of this load was committed."""

    def __init__(self, feed: str, file: str) -> None:
        self.feed, self.file = feed, file
        super().__init__(f"{feed}: the claim on {bounded(file)} was lost before the commit; nothing of it was loaded")


class DeliveryError(EstrelaError):
    """A message could not be delivered by ``channel``; it stays unsent, and the next run retries it."""

    def __init__(self, channel: str, problem: str, *, retriable: bool) -> None:
        self.channel, self.problem, self.retriable = channel, problem, retriable
        super().__init__(f"{channel}: {bounded(problem)}")


class JobError(EstrelaError):
    """A Glue run did not succeed: ``job``, ``run_id``, ``state``, Glue's own ``message`` and its ``log_url``."""

    def __init__(self, job: str, run_id: str, state: str, message: str, log_url: str) -> None:
        self.job, self.run_id, self.state, self.message, self.log_url = job, run_id, state, message, log_url
        super().__init__(
            f"Glue job {job}, run {run_id}, is {state}: {bounded(message, 1000) or 'Glue gave no message'}; "
            f"log: {log_url}"
        )


class AthenaQueryError(EstrelaError):
    """An Athena query did not succeed: its id ``query`` ("" if it did not start) and the ``reason``."""

    def __init__(self, query: str, reason: str, *, retriable: bool = False) -> None:
        self.query, self.reason, self.retriable = query, reason, retriable
        super().__init__(f"Athena query {query or 'not started'}: {bounded(reason, 1000)}")


class StepError(EstrelaError):
    """A step failed with ``failure``, by which the Airflow task that polls the Glue run classifies the error."""

    def __init__(self, failure: object, problem: object) -> None:
        self.failure, self.problem = failure, str(problem)
        super().__init__(f"{failure}: {problem}")


class JobDeadlineError(JobError):
    """A Glue run was still in ``state`` when its deadline passed."""
