"""The accounts of a source's files: rows in, loaded and rejected, and each rejected row with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from estrela.errors import EXAMPLES, MASK, CheckFailure, LoadError, QualityError
from estrela.etl.accounts.account import HELD_BACK, SET_ASIDE, Account, account_from, account_of, unread
from estrela.etl.accounts.row_count import NO_ROWS, RowCount, counted_rows
from estrela.etl.raw.deliveries import file_id, known_id, text_of
from estrela.etl.raw.raw_file import RawFile
from estrela.etl.readers.refusal import REFUSED
from estrela.etl.readers.taken_file import TakenFile
from estrela.etl.star_loader import StarLoader
from estrela.etl.transformers.typed_rows import TypedRows
from estrela.etl.tuning import in_few_tasks
from estrela.frame import frame_of
from estrela.model.source import Source, Tolerance

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

REJECT_ID = ("request", "source_file", "source_line", "column_name")


@dataclass(frozen=True)
class AccountedFiles:
    """The accounts of the files that a run loaded into ``table``, and the failure that forbids publishing, if any."""

    table: str
    accounts: list[Account]
    refusal: CheckFailure | None

    def require(self) -> None:
        """Raise QualityError if more was rejected than the source tolerates."""
        if self.refusal:
            raise QualityError(self.table, [self.refusal])


@dataclass(frozen=True)
class FileAccounts:
    """Rows of one source in the operations tables, on the run's branch."""

    source: Source
    lake: StarLoader

    def known(self) -> list[Account]:
        """Return the accounts that this run sees. No query runs if the table was never written."""
        files = self.lake.tables.files
        return self._accounts(self.lake.read(files)) if self.lake.seen(files) else []

    def kept(self, winners: Iterable[RawFile], taken: Iterable[TakenFile], known: Iterable[Account]) -> list[Account]:
        """Return the accounts of wanted files that are loaded and not read again."""
        loaded = [taken_file for taken_file in known if taken_file.is_loaded]
        if not loaded:
            return []
        held = {file_id(file) for file in winners} - {file_id(account.file) for account in taken}
        return [account for account in loaded if known_id(account) in held]

    def waiting(self, files: Iterable[RawFile], state: str, known: Iterable[Account]) -> list[Account]:
        """Return the accounts of files that are received but not loaded, with their counts if ``known`` has them."""
        counted = {known_id(account): account for account in known}
        return [
            counted[file_id(file)].waiting(state) if file_id(file) in counted else unread(self.source, file, state)
            for file in files
        ]

    def settle(
        self, taken: TypedRows, rows: DataFrame, kept: Sequence[Account], replaced: Column | None
    ) -> AccountedFiles:
        """Return the accounts of the files read; write their rejects and those of the files ``kept`` to the branch.

        ``rows`` are the computed rows of ``taken``; ``replaced`` selects the new rows of the trusted table. Raises
        LoadError if rows were lost.
        """
        with ThreadPoolExecutor(1) as pool:
            loading = pool.submit(self._loaded, replaced)
            counted = counted_rows(rows, self.source.tolerance.measure)
        loaded = loading.result()
        rejects = (
            rows.where(F.col("_reject").isNotNull()) if any(count.rejected for count in counted.values()) else None
        )
        self._write_rejects(rejects, taken.refused, kept)
        # Two pages of an answer may have the same content.
        stored_as = [self._stored_as(taken_file) for taken_file in taken.good]
        pages = Counter(stored_as)
        accounts = [
            account_of(
                self.source, taken_file.file, counted.get(taken_file.number, NO_ROWS), loaded[stored] // pages[stored]
            )
            for taken_file, stored in zip(taken.good, stored_as, strict=True)
        ]
        self._require_all_rows(accounts)
        accounts += [unread(self.source, taken_file.file, HELD_BACK) for taken_file in taken.refused]
        return AccountedFiles(self.lake.tables.trusted(self.source).path, accounts, self._refusal(taken, counted))

    def _accounts(self, files: DataFrame) -> list[Account]:
        rows = files.where(F.col("source") == self.source.name).collect()
        return [account_from(row.asDict(), self.source) for row in rows]

    def _loaded(self, replaced: Column | None) -> Counter[tuple[str, ...]]:
        """Return row counts of the trusted table by file and request, for rows in ``replaced`` (default: all)."""
        names = [request_column.column for request_column in self.source.from_request]
        table = self.lake.read(self.lake.tables.trusted(self.source))
        written = table if replaced is None else table.where(replaced)
        loaded: Counter[tuple[str, ...]] = Counter()
        for file, *requested, rows in in_few_tasks(written).groupBy("source_file", *names).count().collect():
            loaded[(file, *map(str, requested))] += rows
        return loaded

    def _stored_as(self, taken_file: TakenFile) -> tuple[str, ...]:
        """Return the key under which :meth:`_loaded` counts the rows of the file: its sha256 and its request."""
        asked = [
            text_of(self.source, column.column, taken_file.requested[column.key]) for column in self.source.from_request
        ]
        return (taken_file.file.sha256, *asked)

    def _write_rejects(self, rejected: DataFrame | None, refused: Sequence[TakenFile], kept: Sequence[Account]) -> None:
        """Write the rejects of kept files, of rows, and of whole files to the branch."""
        spark, is_own = self.lake.spark, F.col("source") == self.source.name
        old = (
            self.lake.read(self.lake.tables.rejects).where(is_own) if self.lake.seen(self.lake.tables.rejects) else None
        )
        if old is not None and old.isEmpty():
            old = None
        frames = []
        if old is not None:
            held = frame_of(spark, [_reject_key(account) for account in kept], "request string, source_file string")
            frames.append(old.join(F.broadcast(held.distinct()), ["request", "source_file"], "left_semi"))
        if rejected is not None:
            source = F.lit(self.source.name).alias("source")
            frames.append(rejected.select(source, "source_file", "source_line", "_reject.*"))
        if refused:
            frames.append(
                frame_of(
                    spark, [self._file_reject(taken_file) for taken_file in refused], self.lake.tables.rejects.schema
                )
            )
        if frames:
            self.lake.overwrite(
                self.lake.tables.rejects, reduce(lambda left, right: left.unionByName(right), frames), is_own
            )

    def _require_all_rows(self, accounts: Sequence[Account]) -> None:
        """Raise LoadError if rows were lost."""
        for account in accounts:
            if account.rows_in != account.rows_loaded + (account.rows_rejected or 0):
                raise LoadError(
                    self.lake.tables.trusted(self.source).path,
                    f"{account.request} ({account.source_file}) has {account.rows_in} rows, but "
                    f"{account.rows_loaded} were loaded and {account.rows_rejected} rejected",
                    retriable=False,
                )

    def _refusal(self, taken: TypedRows, counted: Mapping[int, RowCount]) -> CheckFailure | None:
        """Return the failure of the files with more rejects than the source tolerates, or None."""
        tolerance = self.source.tolerance
        over = [taken_file for taken_file in taken.good if counted.get(taken_file.number, NO_ROWS).exceeds(tolerance)]
        over += taken.refused
        if not over:
            return None
        rejects = self.lake.read(self.lake.tables.rejects).where(F.col("source") == self.source.name)
        bad = rejects.where(F.col("source_file").isin(sorted({taken_file.file.sha256 for taken_file in over})))
        return _too_many(bad, over, tolerance)

    def restore(self, winners: Iterable[RawFile], set_aside: Iterable[RawFile]) -> None:
        """Restore the source's published accounts on the branch; ``winners`` that are not loaded are held back.

        Its new rejects are kept in addition to the published ones.
        """
        is_own, tables = F.col("source") == self.source.name, self.lake.tables
        published = self._accounts(self.lake.read_published(tables.files))
        loaded = [account for account in published if account.is_loaded]
        known, taken = [*published, *self.known()], {known_id(account) for account in loaded}
        held_back = self.waiting([file for file in winners if file_id(file) not in taken], HELD_BACK, known)
        self.record([*loaded, *held_back, *self.waiting(set_aside, SET_ASIDE, known)])
        rejects = self.lake.read(tables.rejects).where(is_own)
        published = self.lake.read_published(tables.rejects).where(is_own)
        fresh = rejects.join(published, [*REJECT_ID], "left_anti").select(*published.columns)
        self.lake.overwrite(tables.rejects, published.unionByName(fresh), is_own)

    def record(self, accounts: Sequence[Account]) -> None:
        """Write the accounts of the source's files. A file listed as loaded is not read again."""
        files = frame_of(self.lake.spark, [account.as_row() for account in accounts], self.lake.tables.files.schema)
        self.lake.overwrite(self.lake.tables.files, files, F.col("source") == self.source.name)

    def _file_reject(self, taken_file: TakenFile) -> dict[str, Any]:
        """Return the reject of a whole file."""
        assert taken_file.refusal is not None
        return {
            "source": self.source.name,
            "request": taken_file.file.request_id,
            "source_file": taken_file.file.sha256,
            "source_line": 1,
            "column_name": taken_file.refusal.column,
            "value": MASK if self.source.is_sensitive else taken_file.refusal.value,
            "reason": f"{REFUSED}{taken_file.refusal.reason}",
        }


def _reject_key(account: Account) -> dict[str, str]:
    return {"request": account.request, "source_file": account.source_file}


def _too_many(bad: DataFrame, over: Iterable[TakenFile], tolerance: Tolerance) -> CheckFailure:
    urls = {(taken_file.file.request_id, taken_file.file.sha256): taken_file.file.url for taken_file in over}
    counted = bad.groupBy("column_name").count().collect()
    examples = tuple(
        f"{urls.get((reject['request'], reject['source_file']), reject['source_file'])} line {reject['source_line']}, "
        f"{reject['column_name'] or 'row'} = {reject['value']!r}: {reject['reason']}"
        for reject in bad.orderBy("request", "source_line").limit(EXAMPLES).collect()
    )
    columns = sorted({row["column_name"] or "row" for row in counted})
    count = sum(row["count"] for row in counted)
    share = f"{tolerance.rows:.0%} of a file's {tolerance.measure or 'rows'}"
    return CheckFailure(f"at most {share} rejected", ", ".join(columns[:5]), count, examples)
