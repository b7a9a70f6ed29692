"""A question with its answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from metabase.model import Question
from metabase.preview.athena import Answer, QueryError
from metabase.preview.spec import Chart, chart


@dataclass(frozen=True)
class Answered:
    """``question`` with the values of one card, its ``answer``, and the site's ``colors``.

    Raises QueryError if the answer lacks a declared column.
    """

    question: Question
    answer: Answer
    colors: Mapping[str, str]

    def __post_init__(self) -> None:
        missing = [column.name for column in self.question.columns if column.name not in self.answer.columns]
        if missing:
            columns = ", ".join(self.answer.columns)
            raise QueryError(self.question.file, f"the SQL gives no column {missing[0]!r}; it gives: {columns}")

    @cached_property
    def chart(self) -> Chart:
        """The chart; tiles and tables have none."""
        return chart(self.question, self.answer, self.colors)


def scanned_bytes(answers: Iterable[Answered]) -> int | None:
    """Return the bytes that the queries scanned together; None if the database does not count them."""
    sizes = [answered.answer.scanned_bytes for answered in answers]
    return None if None in sizes else sum(size or 0 for size in sizes)
