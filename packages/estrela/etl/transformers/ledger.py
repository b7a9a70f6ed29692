"""The account of every file: rows in, loaded and rejected, and each rejected row with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from estrela.errors import CheckFailure, LoadError, QualityError
from estrela.etl.lake_table import FILES, REJECTS, LakeTable, trusted_table
from estrela.etl.loaders.lake import Lake
from estrela.etl.raw import RawFile
from estrela.etl.transformers.intake import Content, TakenFile
from estrela.etl.transformers.manifest import file_id, known_id
from estrela.model.source import Source

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Reject = dict[str, Any]
Account = dict[str, Any]


@dataclass(frozen=True)
class Ledger:
    """What the operations tables hold of one source, on the run's branch."""

    source: Source
    lake: Lake

    def known(self) -> list[Account]:
        """The accounts of the files taken in."""
        return self._recorded(FILES)

    def _recorded(self, table: LakeTable) -> list[dict[str, Any]]:
        """What an operations table holds of the source; a table that was never written costs no query."""
        if not self.lake.snapshot(table):
            return []
        rows = self.lake.read(table).where(F.col("source") == self.source.name).collect()
        # Spark hands out times of the machine's zone without saying so.
        return [{**row.asDict(), **_in_utc(row)} for row in rows]

    def accounts(
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

    def judge(self, rejects: Sequence[Reject], accounts: Sequence[Mapping[str, Any]]) -> None:
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
        published = self.lake.read_published(REJECTS).where(F.col("source") == self.source.name).collect()
        known = [row.asDict() for row in published]
        fresh = [one for one in rejects if _reject_id(one) not in {_reject_id(row) for row in known}]
        if fresh:
            self.lake.overwrite_published(
                REJECTS, self._reject_frame([*known, *fresh]), F.col("source") == self.source.name
            )

    def _reject_frame(self, rejects: Sequence[Reject]) -> DataFrame:
        names = [column.name for column in REJECTS.columns[1:]]
        rows = [(self.source.name, *[one.get(name) for name in names]) for one in rejects]
        return self.lake.spark.createDataFrame(rows, REJECTS.schema)

    def record(
        self,
        winners: Iterable[RawFile],
        rejects: Sequence[Reject],
        accounts: Sequence[Mapping[str, Any]],
        known: Sequence[Mapping[str, Any]],
    ) -> None:
        """Write the accounts and rejects of the source: those of unchanged files as they were, and the new ones."""
        mine = F.col("source") == self.source.name
        held_ids = {file_id(file) for file in winners} - {known_id(one) for one in accounts}
        kept = [row for row in known if known_id(row) in held_ids]
        old = self._recorded(REJECTS)
        held = {(row["request"], row["source_file"]) for row in kept}
        rows = [one for one in old if (one["request"], one["source_file"]) in held] + list(rejects)
        if rows or old:
            self.lake.overwrite(REJECTS, self._reject_frame(rows), mine)
        # FILES comes last: a file that stands there is not read again.
        names = [column.name for column in FILES.columns]
        files = [tuple(row[name] for name in names) for row in [*kept, *accounts]]
        self.lake.overwrite(FILES, self.lake.spark.createDataFrame(files, FILES.schema), mine)


def _in_utc(row: Any) -> dict[str, datetime]:
    return {name: value.astimezone(UTC) for name, value in row.asDict().items() if isinstance(value, datetime)}


def file_reject(one: TakenFile) -> Reject:
    """The reject that stands for a whole file."""
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


def _reject_id(one: Mapping[str, Any]) -> tuple[Any, ...]:
    return (one["request"], one["source_file"], one["source_line"], one["column_name"])


def _account(source: str, file: RawFile, rows_in: int, loaded: int, rejected: int) -> dict[str, Any]:
    return {
        "source": source,
        "request": file.request_id,
        "page": file.page,
        "source_file": file.sha256,
        "url": file.url,
        "fetched_at": file.fetched_at,
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
