"""The transform step: what is new in raw becomes trusted rows, and what cannot be read is kept with its reason."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.etl.accounts.file_accounts import Account, Ledger
from estrela.etl.accounts.quarantine import accepted
from estrela.etl.loaders.lake import LakeLoader
from estrela.etl.loaders.layout import has_old_layout
from estrela.etl.partition_filter import clustered_by, partition_filter
from estrela.etl.quality.audit import audit
from estrela.etl.raw.deliveries import (
    changed_partitions,
    partition_of,
    requested,
    wanted,
)
from estrela.etl.readers.lines import reading
from estrela.etl.readers.taken_file import TakenFile
from estrela.etl.steps.increment import is_local
from estrela.etl.transformer import Transformed, Transformer
from estrela.etl.transformers.shuffled import shuffled
from estrela.etl.transformers.typed_rows import RawReader, typed_rows
from estrela.etl.tuning import tuned
from estrela.model.partition import Partition, valued
from estrela.model.source import Source

if TYPE_CHECKING:
    from pyspark.sql import Column


@dataclass(frozen=True)
class TransformSource(Transformer):
    """Bring the trusted table of one source, on the run's branch, in line with its raw layer.

    Files whose sha256 is in ``set_aside`` count as never received.
    """

    source: Source
    raw: RawReader
    lake: LakeLoader
    full_refresh: bool = False
    set_aside: Set[str] = frozenset()

    def transform(self) -> Transformed:
        """Read the files whose partition changed; report files and rows in, loaded and rejected.

        Raises QualityError if a file is refused beyond the source's tolerance or a check fails.
        """
        tables = self.lake.tables
        table = tables.trusted(self.source)
        for one in (table, tables.files, tables.rejects):
            self.lake.ensure(one)
        if not self.full_refresh and has_old_layout(self.lake.snapshots, table):
            # Files of the old partitions hold rows of several new ones, which cannot be replaced one by one.
            return replace(self, full_refresh=True).transform()
        # The newest state costs what changed since a checkpoint; snapshots, and answers before one that is set aside,
        # need the whole history.
        entries = self.raw.files if self.source.snapshots or self.set_aside else self.raw.current
        winners = wanted(self.source, accepted(entries(self.source.raw_name), self.set_aside))
        ledger = Ledger(self.source, self.lake)
        known = ledger.known()
        changed = changed_partitions(self.source, winners, [] if self.full_refresh else known)
        if not changed:
            return Transformed({"source": self.source.name, "files": 0})
        files = [file for file in winners if partition_of(self.source, file) in changed]
        taken = [
            TakenFile(number, file, self.raw.uri(file), requested(self.source, file))
            for number, file in enumerate(files)
        ]
        kept = ledger.kept(winners, taken, known)
        replaced = self._replaced(changed)
        with tuned(self.lake.spark, sum(one.file.size for one in taken)):
            with reading(self.lake.spark):
                accounts = self._write(taken, len(changed), replaced, ledger, kept)
            self._audit(replaced)
            ledger.record([*kept, *accounts])
        sums = {name: sum(one[name] for one in accounts) for name in ("rows_in", "rows_loaded", "rows_rejected")}
        return Transformed({"source": self.source.name, "files": len(taken), **sums})

    def hold_back(self) -> None:
        """Leave the source as it is published: the run's own rows of it go, its rejects stay for the operator."""
        self.lake.branches.drop(self.lake.tables.trusted(self.source), self.lake.branch)
        Ledger(self.source, self.lake).restore()

    def _write(
        self,
        taken: Sequence[TakenFile],
        partitions: int,
        replaced: Column | None,
        ledger: Ledger,
        kept: Sequence[Account],
    ) -> list[Account]:
        """Write the partitions and the rejects on the branch; return the account of every file taken."""
        typed = typed_rows(self.lake.spark, self.source, self.raw, taken)
        table = self.lake.tables.trusted(self.source)
        together = clustered_by(table)
        # Computed once, read three times: the sound rows here, the counts and the rejects by the accounts.
        rows = shuffled(typed.rows, together or [F.col("source_file"), F.col("source_line")], table)
        sound = rows.where(F.col("_reject").isNull())
        self.lake.overwrite(table, sound, replaced, partitions=partitions, clustered=bool(together))
        return ledger.settle(typed, rows, kept, replaced)

    def _audit(self, replaced: Column | None) -> None:
        """Run the source's checks on the rows ``replaced``, and on all rows those that partitions cannot answer."""
        table, checks = self.lake.tables.trusted(self.source), self.source.checks
        local = [check for check in checks if replaced is not None and is_local(check, self.source.partition_by)]
        whole = [check for check in checks if check not in local]
        for some, rows in ((local, replaced), (whole, None)):
            if some:
                audit(self.lake, table, some, F.lit(True) if rows is None else rows)

    def _replaced(self, changed: set[Partition]) -> Column | None:
        if self.full_refresh or not valued(self.source.partition_by):
            return None
        return partition_filter(self.lake.tables.trusted(self.source), changed)
