"""The transform step: reads new raw files into trusted rows, and records unreadable rows with the reason."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.errors import QualityError
from estrela.etl.accounts.account import HELD_BACK, SET_ASIDE, Account
from estrela.etl.accounts.file_accounts import AccountedFiles, FileAccounts
from estrela.etl.accounts.quarantine import accepted
from estrela.etl.loaders.lake import LakeLoader
from estrela.etl.loaders.layout import has_old_layout
from estrela.etl.partition_filter import clustered_by, partition_filter
from estrela.etl.quality.audit import audit
from estrela.etl.raw.deliveries import changed_partitions, file_id, partitions_of, requested, wanted
from estrela.etl.raw.raw_file import RawFile
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
    """Updates the trusted table of one source from its raw layer, on the run's branch.

    Files whose sha256 is in ``set_aside`` are treated as if they had never been received.
    """

    source: Source
    raw: RawReader
    lake: LakeLoader
    full_refresh: bool = False
    set_aside: Set[str] = frozenset()

    def transform(self) -> Transformed:
        """Read the files of changed partitions; report files and rows in, loaded and rejected.

        Raises QualityError if a file exceeds the source's tolerance of rejects or a check fails.
        """
        tables = self.lake.tables
        table = tables.trusted(self.source)
        for lake_table in (table, tables.files, tables.rejects):
            self.lake.ensure(lake_table)
        if not self.full_refresh and has_old_layout(self.lake.snapshots, table):
            # A file with the old partitioning has rows of several new partitions, so partitions cannot be replaced
            # individually.
            return replace(self, full_refresh=True).transform()
        winners, set_aside = self._newest()
        accounts = FileAccounts(self.source, self.lake)
        known = accounts.known()
        waiting = accounts.waiting(set_aside, SET_ASIDE, known)
        loaded = [account for account in known if account.is_loaded]
        partitions = partitions_of(self.source, winners)
        changed = changed_partitions(self.source, partitions, [] if self.full_refresh else loaded)
        if not changed:
            if {*loaded, *waiting} != set(known):
                accounts.record([*loaded, *waiting])
            return Transformed({"source": self.source.name, "files": 0})
        files = [file for file in winners if partitions[file_id(file)] in changed]
        taken = [
            TakenFile(number, file, self.raw.uri(file), requested(self.source, file))
            for number, file in enumerate(files)
        ]
        kept = accounts.kept(winners, taken, known)
        replaced = self._replaced(changed)
        with tuned(self.lake.spark, sum(taken_file.file.size for taken_file in taken)):
            with reading(self.lake.spark):
                settled = self._write(taken, len(changed), replaced, accounts, kept)
            try:
                settled.require()
                self._audit(replaced)
            except QualityError:
                # The counts of a file that is held back are kept: they show how much of its period is missing.
                accounts.record([*known, *[account.waiting(HELD_BACK) for account in settled.accounts]])
                raise
            accounts.record([*kept, *settled.accounts, *waiting])
        return Transformed({"source": self.source.name, "files": len(taken), **_sums(settled.accounts)})

    def hold_back(self) -> None:
        """Undo this run's changes to the source: drop its rows, but keep its rejects for the operator."""
        self.lake.branches.drop(self.lake.tables.trusted(self.source), self.lake.branch)
        FileAccounts(self.source, self.lake).restore(*self._newest())

    def _newest(self) -> tuple[list[RawFile], list[RawFile]]:
        """Return the files that make up the table, and the files that would belong to it if they were not set aside."""
        # Reading the newest state costs only the changes since a checkpoint. The whole history is needed for snapshots,
        # and to find the answers that precede a file set aside.
        entries = self.raw.files if self.source.snapshots or self.set_aside else self.raw.current
        received = entries(self.source.raw_name)
        winners = wanted(self.source, accepted(received, self.set_aside))
        if not self.set_aside:
            return winners, []
        taken = {file_id(file) for file in winners}
        return winners, [file for file in wanted(self.source, received) if file_id(file) not in taken]

    def _write(
        self,
        taken: Sequence[TakenFile],
        partitions: int,
        replaced: Column | None,
        accounts: FileAccounts,
        kept: Sequence[Account],
    ) -> AccountedFiles:
        """Write partitions and rejects to the branch; return the accounts of all files taken."""
        typed = typed_rows(self.lake.spark, self.source, self.raw, taken)
        table = self.lake.tables.trusted(self.source)
        together = clustered_by(table)
        # The rows are computed once and read three times: the good rows here, counts and rejects by the accounts.
        rows = shuffled(typed.rows, together or [F.col("source_file"), F.col("source_line")], table)
        sound = rows.where(F.col("_reject").isNull())
        self.lake.overwrite(table, sound, replaced, partitions=partitions, clustered=bool(together))
        return accounts.settle(typed, rows, kept, replaced)

    def _audit(self, replaced: Column | None) -> None:
        """Run the checks that are local to partitions on the rows ``replaced``, and the other checks on all rows."""
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


def _sums(accounts: Sequence[Account]) -> dict[str, int]:
    """Return the sums of rows in, loaded and rejected over all files."""
    return {
        "rows_in": sum(account.rows_in or 0 for account in accounts),
        "rows_loaded": sum(account.rows_loaded for account in accounts),
        "rows_rejected": sum(account.rows_rejected or 0 for account in accounts),
    }
