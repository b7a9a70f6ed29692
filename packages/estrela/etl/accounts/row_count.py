"""Row counts per file as read, including rejected rows and the sums of the tolerance's measure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.etl.ops_tables import MEASURE
from estrela.etl.readers.refusal import REFUSED
from estrela.model.source import Tolerance

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class RowCount:
    """Row counts of one file.

    ``weight`` and ``weight_rejected`` are sums of the tolerance's measure, over all rows and over the rejected rows;
    ``unweighed`` counts rejected rows whose measure is unknown. ``is_refused``: the file as a whole cannot be read.
    """

    rows: int
    rejected: int
    is_refused: bool = False
    weight: Decimal = Decimal(0)
    weight_rejected: Decimal = Decimal(0)
    unweighed: int = 0

    def exceeds(self, tolerance: Tolerance) -> bool:
        """Return whether more of the file was rejected than ``tolerance`` allows."""
        if self.is_refused:
            return True
        if not tolerance.measure:
            return self.rejected > tolerance.rows * self.rows
        return self.unweighed > 0 or self.weight_rejected > Decimal(str(tolerance.rows)) * self.weight


NO_ROWS = RowCount(0, 0)


def counted_rows(rows: DataFrame, measure: str) -> dict[int, RowCount]:
    """Return the counts by file number for typed ``rows``. Files without rows are omitted."""
    is_rejected = F.col("_reject").isNotNull()
    # Same order as the fields of RowCount, which are passed by position because there may be 100,000 files.
    counts = [
        F.count(F.lit(1)),
        F.count_if(is_rejected),
        F.bool_or(F.coalesce(F.startswith("_reject.reason", F.lit(REFUSED)), F.lit(False))),
    ]
    if measure:
        # Weights are absolute values: a correction of -5 weighs as much as one of 5.
        weight = F.abs(F.col(measure)).cast(MEASURE)
        counts += [
            F.coalesce(F.sum(weight), F.lit(0)).cast(MEASURE),
            F.coalesce(F.sum(F.when(is_rejected, weight)), F.lit(0)).cast(MEASURE),
            F.count_if(is_rejected & weight.isNull()),
        ]
    return {file: RowCount(*values) for file, *values in rows.groupBy("_file").agg(*counts).collect()}
