"""Checks of a table on the branch of a run, before readers see it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.errors import EXAMPLES, MASK, CheckFailure, QualityError
from estrela.etl.lake_table import LakeTable
from estrela.etl.star_loader import StarLoader
from estrela.etl.tuning import in_few_tasks
from estrela.model.check import Between, Check, Expression, NotNull, OneOf, Reconcile, Unique, check_name
from estrela.model.source import Source

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, Row

PASSES = 2
"""Number of concurrent passes over a table: while one is planned, another is computed."""


@dataclass(frozen=True)
class CheckResult:
    """Result of a check: the number of rows read, the number of failed rows, and up to five examples."""

    check: str
    column: str
    rows_checked: int
    rows_failed: int
    examples: tuple[str, ...] = ()


def audit(
    lake: StarLoader, table: LakeTable, checks: Sequence[Check], where: Column, source_where: Column | None = None
) -> list[CheckResult]:
    """Return the results of ``checks`` on the rows of the run's branch of ``table`` that match ``where``.

    ``source_where`` limits the rows of reconciled sources. Raises QualityError if a check fails.
    """
    if not checks:
        return []
    limit = F.lit(True) if source_where is None else source_where
    sensitive = {column.name for column in table.columns if column.sensitive}
    results = run_checks(
        lake.read(table).where(where), checks, lambda check: _trusted(lake, check).where(limit), sensitive
    )
    failures = [
        CheckFailure(result.check, result.column, result.rows_failed, result.examples)
        for result in results
        if result.rows_failed
    ]
    if failures:
        raise QualityError(table.path, failures)
    return results


def _trusted(lake: StarLoader, check: Reconcile) -> DataFrame:
    assert isinstance(check.source, Source)
    return lake.read(lake.tables.trusted(check.source))


def run_checks(
    rows: DataFrame,
    checks: Sequence[Check],
    source_of: Callable[[Reconcile], DataFrame],
    masked: Collection[str] = (),
) -> list[CheckResult]:
    """Return the results of ``checks``: one pass for all checks of single rows, and one for each other check.

    Examples mask the values of the columns ``masked``.
    """
    bad: dict[Check, Column] = {check: _bad(check) for check in checks if not isinstance(check, Unique | Reconcile)}
    with ThreadPoolExecutor(PASSES) as pool:
        counting = pool.submit(_counts, rows, bad, [check for check in checks if isinstance(check, Reconcile)])
        twice = {check: pool.submit(_duplicates, rows, check, masked) for check in checks if isinstance(check, Unique)}
        sums = {check: pool.submit(_sum, source_of(check), check) for check in checks if isinstance(check, Reconcile)}
    counts, results = counting.result(), []
    for check in checks:
        if isinstance(check, Unique):
            count, examples = twice[check].result()
        elif isinstance(check, Reconcile):
            count, examples = _difference(counts[f"sum_{check.column}"], sums[check].result(), check)
        else:
            count = counts[f"n{list(bad).index(check)}"]
            examples = _examples(rows, bad[check], check, masked) if count else ()
        results.append(CheckResult(check_name(check), ", ".join(check.columns), counts["rows"], count, examples))
    return results


def _counts(rows: DataFrame, bad: Mapping[Check, Column], reconciled: Sequence[Reconcile]) -> Row:
    """Return the number of rows, the number of rows that fail each check of single rows, and the sums to reconcile."""
    gathered = in_few_tasks(rows)
    counts = gathered.agg(
        F.count(F.lit(1)).alias("rows"),
        *[F.count_if(where).alias(f"n{at}") for at, where in enumerate(bad.values())],
        *[_total(check.column).alias(f"sum_{check.column}") for check in reconciled],
    ).first()
    assert counts is not None
    return counts


def _bad(check: Check) -> Column:
    """Return a condition that is true for rows that fail ``check``."""
    match check:
        case NotNull(column):
            return F.col(column).isNull()
        case OneOf(column, values):
            return F.coalesce(~F.col(column).isin(*values), F.lit(False))
        case Between(column, low, high):
            below = F.lit(False) if low is None else F.col(column) < F.lit(low)
            above = F.lit(False) if high is None else F.col(column) > F.lit(high)
            return F.coalesce(below | above, F.lit(False))
        case Expression(sql=sql):
            return ~F.coalesce(F.expr(sql), F.lit(False))
        case Unique() | Reconcile():
            raise TypeError(f"{check_name(check)} is not a check of single rows")


def _duplicates(rows: DataFrame, check: Unique, masked: Collection[str]) -> tuple[int, tuple[str, ...]]:
    twice = rows.groupBy(*check.columns).agg(F.count(F.lit(1)).alias("n")).where(F.col("n") > 1)
    summed = twice.agg(F.sum("n")).first()
    count = int(summed[0] or 0) if summed else 0
    return count, _shown(twice, (*check.columns, "n"), masked) if count else ()


def _sum(source: DataFrame, check: Reconcile) -> object:
    [total] = in_few_tasks(source).agg(_total(check.source_column)).collect()
    return total[0]


def _difference(here: object, there: object, check: Reconcile) -> tuple[int, tuple[str, ...]]:
    if here == there:
        return 0, ()
    return 1, (f"the sum is {here}, but {there} for {check.source_column} in {check.source.name}",)


def _total(column: str) -> Column:
    return F.coalesce(F.sum(column), F.lit(0))


def _examples(rows: DataFrame, where: Column, check: Check, masked: Collection[str]) -> tuple[str, ...]:
    return _shown(rows.where(where), (*_identity(rows), *check.columns), masked)


def _identity(rows: DataFrame) -> tuple[str, ...]:
    """Return up to four columns that help an analyst to identify a row."""
    return tuple(name for name in rows.columns if name.endswith(("_code", "_key", "_line", "_file")))[:4]


def _shown(rows: DataFrame, columns: Sequence[str], masked: Collection[str]) -> tuple[str, ...]:
    names = list(dict.fromkeys(columns))
    return tuple(
        ", ".join(f"{name}={MASK if name in masked else row[name]}" for name in names)
        for row in rows.select(*names).limit(EXAMPLES).collect()
    )
