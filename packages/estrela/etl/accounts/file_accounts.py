"""The account of every file: rows in, loaded and rejected, and each rejected row with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from estrela.errors import EXAMPLES, MASK, CheckFailure, LoadError, QualityError
from estrela.etl.accounts.row_count import NO_ROWS, RowCount, counted_rows
from estrela.etl.loader import Loader
from estrela.etl.raw.deliveries import file_id, known_id
from estrela.etl.raw.raw_file import RawFile
from estrela.etl.readers.refusal import REFUSED
from estrela.etl.readers.taken_file import TakenFile
from estrela.etl.transformers.typed_rows import TypedRows
from estrela.frame import frame_of
from estrela.model.source import Source, Tolerance

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

Account = dict[str, Any]
REJECT_ID = ("request", "source_file", "source_line", "column_name")


@dataclass(frozen=True)
class Ledger:
    """What the operations tables hold of one source, on the run's branch."""

    source: Source
    lake: Loader

    def known(self) -> list[Account]:
        """The accounts of the files taken in; a table that was never written costs no query."""
        if not self.lake.seen(self.lake.tables.files):
            return []
        rows = self.lake.read(self.lake.tables.files).where(F.col("source") == self.source.name).collect()
        # Spark hands out times of the machine's zone without saying so.
        return [{**row.asDict(), **_in_utc(row)} for row in rows]

    def kept(self, winners: Iterable[RawFile], taken: Iterable[TakenFile], known: Iterable[Account]) -> list[Account]:
        """The accounts of wanted files that are not taken in again."""
        held = {file_id(file) for file in winners} - {file_id(one.file) for one in taken}
        return [row for row in known if known_id(row) in held]

    def settle(
        self, taken: TypedRows, rows: DataFrame, kept: Sequence[Account], replaced: Column | None
    ) -> list[Account]:
        """Return the accounts of the files taken; write their rejects and those of the files ``kept`` on the branch.

        ``rows`` are those of ``taken``, computed; ``replaced`` selects the rows of the trusted table that are new.
        Raises LoadError where rows got lost, and QualityError where more were rejected than the source tolerates; the
        rejects are kept then.
        """
        counted, loaded = counted_rows(rows, self.source.tolerance.measure), self._loaded(replaced)
        rejects = rows.where(F.col("_reject").isNotNull()) if any(one.rejected for one in counted.values()) else None
        self._write_rejects(rejects, taken.refused, kept)
        files = (*taken.good, *taken.refused)
        # Two pages of one answer may have the same content.
        pages = Counter(self._loaded_as(one) for one in files)
        accounts = [
            _account(
                self.source.name,
                one.file,
                counted.get(one.number, NO_ROWS),
                loaded[self._loaded_as(one)] // pages[self._loaded_as(one)],
            )
            for one in files
        ]
        self._require_all_rows(accounts)
        self._judge(taken, counted)
        return accounts

    def _loaded(self, replaced: Column | None) -> Counter[tuple[str, ...]]:
        """Return the rows of the trusted table by file and request, where ``replaced`` holds (default: all)."""
        names = [one.column for one in self.source.from_request]
        table = self.lake.read(self.lake.tables.trusted(self.source))
        written = table if replaced is None else table.where(replaced)
        loaded: Counter[tuple[str, ...]] = Counter()
        for row in written.groupBy("source_file", *names).count().collect():
            loaded[(row["source_file"], *[str(row[name]) for name in names])] += row["count"]
        return loaded

    def _loaded_as(self, one: TakenFile) -> tuple[str, ...]:
        """What stands in the trusted table for the file and its request."""
        asked = [self._text_of(column.column, one.requested[column.key]) for column in self.source.from_request]
        return (one.file.sha256, *asked)

    def _text_of(self, column: str, value: str) -> str:
        """A request's value as the text of the typed column: ``01`` as ``1`` for a number."""
        types = {one.name: one.type for one in self.source.columns}
        return str(int(value)) if types[column] in ("int", "bigint") else value

    def _write_rejects(self, rejected: DataFrame | None, refused: Sequence[TakenFile], kept: Sequence[Account]) -> None:
        """On the branch: the rejects of files kept, of rows, and of files as a whole."""
        spark, mine = self.lake.spark, F.col("source") == self.source.name
        old = self.lake.read(self.lake.tables.rejects).where(mine) if self.lake.seen(self.lake.tables.rejects) else None
        if old is not None and old.isEmpty():
            old = None
        frames = []
        if old is not None:
            held = frame_of(spark, kept, "request string, source_file string")
            frames.append(old.join(F.broadcast(held.distinct()), ["request", "source_file"], "left_semi"))
        if rejected is not None:
            source = F.lit(self.source.name).alias("source")
            frames.append(rejected.select(source, "source_file", "source_line", "_reject.*"))
        if refused:
            frames.append(frame_of(spark, [self._file_reject(one) for one in refused], self.lake.tables.rejects.schema))
        if frames:
            self.lake.overwrite(
                self.lake.tables.rejects, reduce(lambda left, right: left.unionByName(right), frames), mine
            )

    def _require_all_rows(self, accounts: Sequence[Account]) -> None:
        """Raise LoadError where rows got lost."""
        for one in accounts:
            if one["rows_in"] != one["rows_loaded"] + one["rows_rejected"]:
                raise LoadError(
                    self.lake.tables.trusted(self.source).path,
                    f"{one['request']} ({one['source_file']}) holds {one['rows_in']} rows, but "
                    f"{one['rows_loaded']} were loaded and {one['rows_rejected']} rejected",
                    retriable=False,
                )

    def _judge(self, taken: TypedRows, counted: Mapping[int, RowCount]) -> None:
        """Raise QualityError where more was rejected than the source tolerates."""
        tolerance = self.source.tolerance
        over = [one for one in taken.good if counted.get(one.number, NO_ROWS).exceeds(tolerance)]
        over += taken.refused
        if over:
            mine = self.lake.read(self.lake.tables.rejects).where(F.col("source") == self.source.name)
            bad = mine.where(F.col("source_file").isin(sorted({one.file.sha256 for one in over})))
            failure = _too_many(bad, over, tolerance)
            raise QualityError(self.lake.tables.trusted(self.source).path, [failure])

    def restore(self) -> None:
        """Give the source its published accounts again, on the branch, and keep its new rejects beside the old ones."""
        mine, tables = F.col("source") == self.source.name, self.lake.tables
        self.lake.overwrite(tables.files, self.lake.read_published(tables.files).where(mine), mine)
        found = self.lake.read(tables.rejects).where(mine)
        published = self.lake.read_published(tables.rejects).where(mine)
        fresh = found.join(published, [*REJECT_ID], "left_anti").select(*published.columns)
        self.lake.overwrite(tables.rejects, published.unionByName(fresh), mine)

    def record(self, accounts: Sequence[Account]) -> None:
        """Write the accounts of the source's files: a file that stands there is not read again."""
        files = frame_of(self.lake.spark, accounts, self.lake.tables.files.schema)
        self.lake.overwrite(self.lake.tables.files, files, F.col("source") == self.source.name)

    @property
    def _is_sensitive(self) -> bool:
        return any(column.sensitive for column in self.source.columns)

    def _file_reject(self, one: TakenFile) -> dict[str, Any]:
        """The reject that stands for a whole file."""
        assert one.refusal is not None
        return {
            "source": self.source.name,
            "request": one.file.request_id,
            "source_file": one.file.sha256,
            "source_line": 1,
            "column_name": one.refusal.column,
            "value": MASK if self._is_sensitive else one.refusal.value,
            "reason": f"{REFUSED}{one.refusal.reason}",
        }


def _in_utc(row: Any) -> dict[str, datetime]:
    return {name: value.astimezone(UTC) for name, value in row.asDict().items() if isinstance(value, datetime)}


def _account(source: str, file: RawFile, counted: RowCount, loaded: int) -> dict[str, Any]:
    return {
        "source": source,
        "request": file.request_id,
        "page": file.page,
        "source_file": file.sha256,
        "url": file.url,
        "fetched_at": file.fetched_at,
        "size": file.size,
        "rows_in": counted.rows,
        "rows_loaded": loaded,
        "rows_rejected": counted.rejected,
    }


def _too_many(bad: DataFrame, over: Iterable[TakenFile], tolerance: Tolerance) -> CheckFailure:
    urls = {(one.file.request_id, one.file.sha256): one.file.url for one in over}
    counted = bad.groupBy("column_name").count().collect()
    examples = tuple(
        f"{urls.get((one['request'], one['source_file']), one['source_file'])} line {one['source_line']}, "
        f"{one['column_name'] or 'row'} = {one['value']!r}: {one['reason']}"
        for one in bad.orderBy("request", "source_line").limit(EXAMPLES).collect()
    )
    columns = sorted({row["column_name"] or "row" for row in counted})
    count = sum(row["count"] for row in counted)
    share = f"{tolerance.rows:.0%} of a file's {tolerance.measure or 'rows'}"
    return CheckFailure(f"at most {share} rejected", ", ".join(columns[:5]), count, examples)
