"""Expected arrivals: due times and numbers of rows."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from estrela.errors import DefinitionError
from estrela.model.feed_arrival import Expected

WORKDAYS = (0, 1, 2, 3, 4)


@pytest.mark.parametrize(
    ("now", "before", "last"),
    [
        # 27 November 2026 is a Friday; 08:00 in São Paulo is 11:00 UTC.
        ("2026-11-27T11:00", "2026-11-26T11:00", "2026-11-27T11:00"),
        ("2026-11-27T10:59", "2026-11-25T11:00", "2026-11-26T11:00"),
        ("2026-11-29T23:00", "2026-11-26T11:00", "2026-11-27T11:00"),
        ("2026-11-30T11:00", "2026-11-27T11:00", "2026-11-30T11:00"),
        # In São Paulo it is still the 26th.
        ("2026-11-27T02:30", "2026-11-25T11:00", "2026-11-26T11:00"),
    ],
)
def test_the_last_two_times_at_which_a_file_was_due(now: str, before: str, last: str) -> None:
    at, *times = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (now, before, last))
    due = Expected(by=time(8), days=WORKDAYS).due(at)
    assert due is not None
    assert [moment.astimezone(UTC) for moment in due] == times


@pytest.mark.parametrize(
    ("rows", "before", "deviation"),
    [
        (9, [], ("empty", "it has 9 rows, but at least 10 are expected")),
        (10, [100, 100], None),
        (50, [100, 120, 80], None),
        (49, [100, 120, 80], ("odd", "it has 49 rows, but 50 to 150 are expected, judging by the 3 loads before it")),
        (
            151,
            [100, 1000, 80],
            ("odd", "it has 151 rows, but 50 to 150 are expected, judging by the 3 loads before it"),
        ),
    ],
)
def test_rows_of_a_file_that_are_too_few_or_unusual(
    rows: int, before: list[int], deviation: tuple[str, str] | None
) -> None:
    assert Expected(least_rows=10, band=0.5).deviation(rows, before) == deviation


def test_without_a_time_nothing_is_due_and_without_a_band_no_count_is_unusual() -> None:
    assert Expected().due(datetime.now(UTC)) is None
    assert Expected().deviation(0, [100, 100, 100]) is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"by": time(8), "days": (7,)}, "Expected: days=(7,); allowed: some of 0 (Monday) to 6 (Sunday)"),
        ({"last": 2}, "Expected: least_rows=0, band=0.0, last=2; allowed: least_rows and band of at least 0, and last "
         "of at least 3"),
    ],
)  # fmt: skip
def test_an_expectation_that_says_nothing_is_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        Expected(**given)  # type: ignore[arg-type]
    assert str(caught.value) == message
