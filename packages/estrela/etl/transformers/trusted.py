"""The transform step: what is new in raw becomes trusted rows, and what cannot be read is kept with its reason."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from threading import Thread
from typing import TYPE_CHECKING, Any, Protocol

from pyspark.sql import Observation
from pyspark.sql import functions as F

from estrela.errors import CheckFailure, LoadError, QualityError, TransformError
from estrela.etl.base import ETLBase, Figures
from estrela.etl.lake_table import FILES, REJECTS, LakeTable, trusted_table
from estrela.etl.loaders.lake import Lake, any_of
from estrela.etl.quality.audit import audit
from estrela.etl.raw import RawFile, current
from estrela.etl.transformers import intake
from estrela.etl.transformers.conform import conform, reject_row
from estrela.etl.transformers.dialect import HEAD_BYTES, Refusal, dialect_of
from estrela.etl.transformers.intake import Content, TakenFile
from estrela.model.source import ApiSource, CsvSource, Source

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

READERS = 8
OBSERVED_SECONDS = 120
Reject = dict[str, Any]
Partition = tuple[str, ...]
FileId = tuple[str, int, str, str]


class RawReader(Protocol):
    """What the transform needs of the raw layer."""

    def files(self, source: str) -> list[RawFile]:
        """Everything ever received from a source."""

    def uri(self, file: RawFile) -> str:
        """Where Spark reads the file."""

    def head(self, file: RawFile, size: int) -> bytes:
        """The first bytes of the file."""


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
        known = self._known()
        changed = self._changed(winners, known)
        if not changed:
            return {"source": self.source.name, "files": 0}
        taken = [
            TakenFile(file, self.raw.uri(file), requested(self.source, file))
            for file in winners
            if self._partition(file) in changed
        ]
        rejects, accounts = self._load(taken, changed)
        audit(self.lake, table, self.source.checks)
        self._record(taken, rejects, accounts, known)
        sums = {name: sum(one[name] for one in accounts) for name in ("rows_in", "rows_loaded", "rows_rejected")}
        return {"source": self.source.name, "files": len(taken), **sums}

    def _known(self) -> list[dict[str, Any]]:
        return self._recorded(FILES)

    def _recorded(self, table: LakeTable) -> list[dict[str, Any]]:
        """What an operations table holds of the source; a table that was never written costs no query."""
        if not self.lake.snapshot(table):
            return []
        rows = self.lake.read(table).where(F.col("source") == self.source.name).collect()
        return [row.asDict() for row in rows]

    def _changed(self, winners: Iterable[RawFile], known: Iterable[Mapping[str, Any]]) -> set[Partition]:
        """Partitions whose wanted files are not those taken in."""
        now = {_file_id(file): self._partition(file) for file in winners}
        if self.full_refresh:
            return set(now.values())
        before = {
            (row["request"], row["page"], row["source_file"], str(row["fetched_at"].date())): self._known_partition(row)
            for row in known
        }
        return {now[one] for one in now.keys() - before.keys()} | {before[one] for one in before.keys() - now.keys()}

    def _partition(self, file: RawFile) -> Partition:
        values = requested(self.source, file)
        keys = {one.column: one.key for one in self.source.from_request}
        return tuple(values[keys[column]] for column in self.source.partition_by)

    def _known_partition(self, row: Mapping[str, Any]) -> Partition:
        request = dict(pair.split("=", 1) for pair in row["request"].split(",") if pair)
        values = request | {"fetched_on": str(row["fetched_at"].date())}
        keys = {one.column: one.key for one in self.source.from_request}
        return tuple(values[keys[column]] for column in self.source.partition_by)

    def _load(self, taken: Sequence[TakenFile], changed: set[Partition]) -> tuple[list[Reject], list[dict[str, Any]]]:
        """Write the partitions on the branch; return the rejects and the account of every file."""
        table = trusted_table(self.source)
        with intake.reading(self.lake.spark, self.source):
            return self._write(table, taken, changed)

    def _write(
        self, table: LakeTable, taken: Sequence[TakenFile], changed: set[Partition]
    ) -> tuple[list[Reject], list[dict[str, Any]]]:
        readable, frame, contents = self._frame(taken)
        seen = Observation()
        counted = frame.observe(
            seen,
            F.count(F.lit(1)).alias("rows"),
            F.to_json(F.collect_list(F.when(F.col("reject").isNotNull(), reject_row()))).alias("rejects"),
        )
        loaded = counted.where(F.col("reject").isNull())
        self.lake.overwrite(table, loaded, self._replaced(changed))
        observed = json.loads(_observed(seen, table)["rejects"]) if readable.good else []
        rejects: list[Reject] = observed + [_file_reject(one, contents) for one in readable.refused]
        accounts = self._accounts(taken, contents, rejects)
        self._judge(rejects, accounts)
        return rejects, accounts

    def _frame(self, taken: Sequence[TakenFile]) -> tuple[_Readable, DataFrame, dict[str, Content]]:
        spark = self.lake.spark
        if isinstance(self.source, ApiSource):
            contents = intake.json_contents(spark, self.source, taken) if taken else {}
            readable = _split([_judged_json(one, contents, self.source) for one in taken])
            layout = self.source.layouts[0]
            rows = intake.json_rows(spark, self.source, readable.good, contents) if readable.good else None
            frames = [] if rows is None else [conform(rows, self.source, layout, range(len(layout.fields)))]
        else:
            readable = _split(self._heads(taken))
            contents = intake.csv_contents(spark, taken) if taken else {}
            frames = [self._dialect_frame(group, contents) for group in _by_dialect(readable.good)]
        empty = spark.createDataFrame([], _conformed_schema(self.source))
        return readable, reduce(lambda left, right: left.unionByName(right), frames or [empty]), contents

    def _dialect_frame(self, group: Sequence[TakenFile], contents: Mapping[str, Content]) -> DataFrame:
        dialect = group[0].dialect
        assert dialect is not None
        rows = intake.csv_rows(self.lake.spark, dialect, group, contents)
        return conform(rows, self.source, dialect.layout, dialect.positions, dialect.latin)

    def _heads(self, taken: Sequence[TakenFile]) -> list[TakenFile]:
        assert isinstance(self.source, CsvSource)
        source = self.source

        def judged(one: TakenFile) -> TakenFile:
            found = dialect_of(self.raw.head(one.file, HEAD_BYTES), source)
            dialect, refusal = (None, found) if isinstance(found, Refusal) else (found, None)
            return TakenFile(one.file, one.uri, one.requested, dialect, refusal)

        with ThreadPoolExecutor(READERS) as pool:
            return list(pool.map(judged, taken))

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

    def _accounts(
        self, taken: Sequence[TakenFile], contents: Mapping[str, Content], rejects: Sequence[Reject]
    ) -> list[dict[str, Any]]:
        """Rows in, loaded and rejected of every file: counted from the file, from the table and from the rejects."""
        names = [one.column for one in self.source.from_request]
        rows = self.lake.read(trusted_table(self.source)).groupBy("source_file", *names).count().collect()
        loaded: Counter[tuple[str, ...]] = Counter()
        for row in rows:
            loaded[(row["source_file"], *[str(row[name]) for name in names])] += row["count"]
        refused = Counter((one["request"], one["source_file"]) for one in rejects if not one.get("whole_file"))
        accounts = []
        for one in taken:
            content, file = contents[one.file.sha256], one.file
            key = (
                file.sha256,
                *[self._text_of(column.column, one.requested[column.key]) for column in self.source.from_request],
            )
            rows_in = content.rows or 0
            rejected = rows_in if one.refusal else refused[(file.request_id, file.sha256)]
            accounts.append(_account(self.source.name, file, rows_in, loaded[key], rejected))
        return accounts

    def _text_of(self, column: str, value: str) -> str:
        """A request's value as the text of the typed column: ``01`` as ``1`` for a number."""
        types = {one.name: one.type for one in self.source.columns}
        return str(int(value)) if types[column] in ("int", "bigint") else value

    def _judge(self, rejects: Sequence[Reject], accounts: Sequence[Mapping[str, Any]]) -> None:
        """Raise where rows got lost, or more were refused than the source tolerates; the rejects are kept."""
        for one in accounts:
            if one["rows_in"] != one["rows_loaded"] + one["rows_rejected"]:
                raise LoadError(
                    f"estrela_trusted.{self.source.name}",
                    f"{one['request']} ({one['source_file']}) holds {one['rows_in']} rows, but "
                    f"{one['rows_loaded']} were loaded and {one['rows_rejected']} rejected",
                )
        limit = self.source.tolerance.rows
        over = {one["source_file"] for one in accounts if one["rows_rejected"] > limit * one["rows_in"]}
        bad = [one for one in rejects if one["source_file"] in over or one.get("whole_file")]
        if bad:
            self._keep(rejects)
            raise QualityError(f"estrela_trusted.{self.source.name}", [_too_many(bad, accounts, limit)])

    def _keep(self, rejects: Sequence[Reject]) -> None:
        """Keep the rejects of a run that fails, beside those of what is published."""
        published = self.lake.read_published(REJECTS).where(F.col("source") == self.source.name)
        fresh = self._reject_frame(rejects)
        merged = published.unionByName(fresh).dropDuplicates(["request", "source_file", "source_line", "column_name"])
        if merged.exceptAll(published).isEmpty():
            return
        rows = self.lake.spark.createDataFrame(merged.collect(), REJECTS.schema)
        self.lake.overwrite_published(REJECTS, rows, F.col("source") == self.source.name)

    def _reject_frame(self, rejects: Sequence[Reject]) -> DataFrame:
        names = [column.name for column in REJECTS.columns[1:]]
        rows = [(self.source.name, *[one.get(name) for name in names]) for one in rejects]
        return self.lake.spark.createDataFrame(rows, REJECTS.schema)

    def _record(
        self,
        taken: Sequence[TakenFile],
        rejects: Sequence[Reject],
        accounts: Sequence[Mapping[str, Any]],
        known: Sequence[Mapping[str, Any]],
    ) -> None:
        """Write the accounts and rejects of the source: those of unchanged files as they were, and the new ones."""
        mine = F.col("source") == self.source.name
        wanted_ids = {_file_id(file) for file in wanted(self.source, self.raw.files(self.source.name))}
        fresh = {(one["request"], one["page"], one["source_file"], str(one["fetched_at"].date())) for one in accounts}
        kept = [
            row
            for row in known
            if (one := (row["request"], row["page"], row["source_file"], str(row["fetched_at"].date()))) in wanted_ids
            and one not in fresh
        ]
        names = [column.name for column in FILES.columns]
        files = [tuple(row[name] for name in names) for row in [*kept, *accounts]]
        self.lake.overwrite(FILES, self.lake.spark.createDataFrame(files, FILES.schema), mine)
        old = self._recorded(REJECTS)
        held = {(row["request"], row["source_file"]) for row in kept}
        rows = [one for one in old if (one["request"], one["source_file"]) in held] + list(rejects)
        if rows or old:
            self.lake.overwrite(REJECTS, self._reject_frame(rows), mine)


@dataclass(frozen=True)
class _Readable:
    good: list[TakenFile]
    refused: list[TakenFile]


def wanted(source: Source, files: Iterable[RawFile]) -> list[RawFile]:
    """The files that make up the trusted table: the newest answers, for snapshots the newest of each day."""
    if not source.snapshots:
        return current(files)
    by_day: dict[str, list[RawFile]] = {}
    for file in files:
        by_day.setdefault(str(file.fetched_at.date()), []).append(file)
    return [file for day in sorted(by_day) for file in current(by_day[day])]


def requested(source: Source, file: RawFile) -> dict[str, str]:
    """What the request tells, by key. Raises TransformError if it lacks a declared key."""
    values = {**file.request, "fetched_on": str(file.fetched_at.date())}
    missing = [one.key for one in source.from_request if one.key not in values]
    if missing:
        raise TransformError(
            f"estrela_trusted.{source.name}",
            f"the request {file.request_id!r} of {file.key} does not tell {missing[0]!r}; extract the source again",
        )
    return values


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


def _file_id(file: RawFile) -> FileId:
    return (file.request_id, file.page, file.sha256, str(file.fetched_at.date()))


def _split(files: Iterable[TakenFile]) -> _Readable:
    listed = list(files)
    return _Readable([one for one in listed if not one.refusal], [one for one in listed if one.refusal])


def _by_dialect(files: Sequence[TakenFile]) -> list[list[TakenFile]]:
    """Files by what decides how Spark reads them; a filler column more or less does not matter without quotes."""

    def key(one: TakenFile) -> object:
        dialect = one.dialect
        assert dialect is not None
        width = dialect.width if dialect.quoted else 0
        return (dialect.latin, dialect.delimiter, dialect.quoted, dialect.layout.name, dialect.positions, width)

    groups: dict[object, list[TakenFile]] = {}
    for one in files:
        groups.setdefault(key(one), []).append(one)
    return list(groups.values())


def _judged_json(one: TakenFile, contents: Mapping[str, Content], source: ApiSource) -> TakenFile:
    if contents[one.file.sha256].rows is not None:
        return one
    refusal = Refusal(source.records, "", f"the answer is not JSON with an array {source.records!r}")
    return TakenFile(one.file, one.uri, one.requested, None, refusal)


def _file_reject(one: TakenFile, contents: Mapping[str, Content]) -> Reject:
    assert one.refusal is not None
    return {
        "request": one.file.request_id,
        "source_file": one.file.sha256,
        "source_line": 1,
        "column_name": one.refusal.column,
        "value": one.refusal.value,
        "reason": f"the file is refused: {one.refusal.reason}",
        "raw_line": None,
        "whole_file": True,
    }


def _account(source: str, file: RawFile, rows_in: int, loaded: int, rejected: int) -> dict[str, Any]:
    return {
        "source": source,
        "request": file.request_id,
        "page": file.page,
        "source_file": file.sha256,
        "url": file.url,
        "fetched_at": file.fetched_at.replace(tzinfo=None),
        "size": file.size,
        "rows_in": rows_in,
        "rows_loaded": loaded,
        "rows_rejected": rejected,
    }


def _too_many(bad: Sequence[Reject], accounts: Sequence[Mapping[str, Any]], limit: float) -> CheckFailure:
    urls = {(one["request"], one["source_file"]): one["url"] for one in accounts}
    examples = tuple(
        f"{urls.get((one['request'], one['source_file']), one['source_file'])} line {one['source_line']}, "
        f"{one['column_name'] or 'row'} = {one['value']!r}: {one['reason']}"
        for one in bad[:5]
    )
    columns = sorted({one["column_name"] or "row" for one in bad})
    return CheckFailure(f"at most {limit:.0%} of a file's rows rejected", ", ".join(columns[:5]), len(bad), examples)


def _conformed_schema(source: Source) -> str:
    columns = ", ".join(f"`{column.name}` {column.type}" for column in source.all_columns)
    return (
        f"{columns}, request string, raw_line string, reject struct<column_name: string, value: string, reason: string>"
    )
