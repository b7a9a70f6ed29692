"""The transform step: what is new in raw becomes trusted rows, and what cannot be read is kept with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from threading import Thread
from typing import TYPE_CHECKING, Any

from pyspark.sql import Observation
from pyspark.sql import functions as F

from estrela.errors import LoadError
from estrela.etl.base import ETLBase, Figures
from estrela.etl.lake_table import FILES, REJECTS, LakeTable, trusted_table
from estrela.etl.loaders.lake import Lake, any_of
from estrela.etl.quality.audit import audit
from estrela.etl.transformers import intake
from estrela.etl.transformers.conform import reject_row
from estrela.etl.transformers.frames import RawReader, taken_rows
from estrela.etl.transformers.intake import TakenFile
from estrela.etl.transformers.ledger import Account, Ledger, Reject, file_reject
from estrela.etl.transformers.manifest import (
    Partition,
    changed_partitions,
    partition_of,
    requested,
    wanted,
)
from estrela.etl.tuning import tuned
from estrela.model.source import Source

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

OBSERVED_SECONDS = 120


@dataclass(frozen=True)
class TransformSource(ETLBase):
    """Bring the trusted table of one source, on the run's branch, in line with its raw layer."""

    source: Source
    raw: RawReader
    lake: Lake
    full_refresh: bool = False

    def run(self) -> Figures:
        """Read the files whose partition changed; report files and rows in, loaded and rejected.

        Raises QualityError if a file is refused beyond the source's tolerance or a check fails.
        """
        table = trusted_table(self.source)
        for one in (table, FILES, REJECTS):
            self.lake.ensure(one)
        winners = wanted(self.source, self.raw.files(self.source.name))
        ledger = Ledger(self.source, self.lake)
        known = ledger.known()
        changed = changed_partitions(self.source, winners, [] if self.full_refresh else known)
        if not changed:
            return {"source": self.source.name, "files": 0}
        taken = [
            TakenFile(file, self.raw.uri(file), requested(self.source, file))
            for file in winners
            if partition_of(self.source, file) in changed
        ]
        with tuned(self.lake.spark, sum(one.file.size for one in taken)):
            with intake.reading(self.lake.spark, self.source):
                rejects, accounts = self._write(taken, changed, ledger)
            audit(self.lake, table, self.source.checks)
            ledger.record(winners, rejects, accounts, known)
        sums = {name: sum(one[name] for one in accounts) for name in ("rows_in", "rows_loaded", "rows_rejected")}
        return {"source": self.source.name, "files": len(taken), **sums}

    def _write(
        self, taken: Sequence[TakenFile], changed: set[Partition], ledger: Ledger
    ) -> tuple[list[Reject], list[Account]]:
        """Write the partitions on the branch; return the rejects and the account of every file."""
        table = trusted_table(self.source)
        readable, frame, contents = taken_rows(self.lake.spark, self.source, self.raw, taken)
        seen = Observation()
        counted = frame.observe(seen, F.count_if(F.col("reject").isNotNull()).alias("rejected"))
        loaded = counted.where(F.col("reject").isNull())
        self.lake.overwrite(table, loaded, self._replaced(changed))
        found = _rejects(frame) if readable.good and _observed(seen, table)["rejected"] else []
        rejects = found + [file_reject(one) for one in readable.refused]
        accounts = ledger.accounts([*readable.good, *readable.refused], contents, rejects)
        ledger.judge(rejects, accounts)
        return rejects, accounts

    def _replaced(self, changed: set[Partition]) -> Column | None:
        if self.full_refresh or not self.source.partition_by:
            return None
        types = {column.name: column.type for column in self.source.columns}
        return any_of(
            reduce(
                lambda left, right: left & right,
                [
                    F.col(name) == F.lit(value).cast(types[name])
                    for name, value in zip(self.source.partition_by, partition, strict=True)
                ],
            )
            for partition in sorted(changed)
        )


def _rejects(rows: DataFrame) -> list[Reject]:
    """The rejected rows, read once more: for each task Spark would keep all that it has observed so far."""
    kept = rows.where(F.col("reject").isNotNull()).select(reject_row().alias("kept")).select("kept.*").collect()
    return [row.asDict() for row in kept]


def _observed(seen: Observation, table: LakeTable) -> dict[str, Any]:
    """What Spark counted on the way. Raises LoadError if it does not tell: asking waits for ever then."""
    told: list[dict[str, Any]] = []
    # A daemon: leaving an executor would wait for its thread, and a wait in the JVM cannot be broken off.
    asking = Thread(target=lambda: told.append(dict(seen.get)), daemon=True)
    asking.start()
    asking.join(OBSERVED_SECONDS)
    if not told:
        raise LoadError(table.path, f"Spark did not tell what it counted within {OBSERVED_SECONDS} s; run it again")
    return told[0]
