"""Write, audit, publish: Iceberg tables of the lake, seen through the branch of one run.

A run reads its own branch of a table where it has one, else what is published, and writes only to its branch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from estrela.errors import LoadError, TransformError
from estrela.etl.lake_table import CATALOG, LakeTable
from estrela.etl.run_key import BRANCH_PREFIX, branch_of

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

PROPERTIES = {
    "format-version": "2",
    "write.parquet.compression-codec": "zstd",
    "write.distribution-mode": "hash",
    # Rows of one institution lie together; small groups let a reader skip the others.
    "write.parquet.row-group-size-bytes": str(16 * 1024 * 1024),
    # Columns of few values stay far below it; of the others no value is hashed in vain for long.
    "write.parquet.dict-size-bytes": str(16 * 1024),
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
}
TASK_BYTES = str(64 * 1024 * 1024)
"""Shuffled bytes that one task sorts and writes; Iceberg's own 384 MB leave cores idle."""
ATTEMPTS = 4
MAIN = "main"


class Lake:
    """The lake's tables as one run sees them."""

    def __init__(self, spark: SparkSession, run_key: str) -> None:
        self.spark = spark
        self.branch = branch_of(run_key)
        self._ensured: set[str] = set()

    def ensure(self, table: LakeTable) -> None:
        """Create the table if there is none, add columns declared since. Raises LoadError on other differences.

        What was ensured once stays so: a run looks at a table's columns a single time.
        """
        if table.path not in self._ensured:
            self._ensure(table)
            self._ensured.add(table.path)

    def _ensure(self, table: LakeTable) -> None:
        if not self.exists(table):
            self.spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {CATALOG}.{table.database}")
            self._repeated(table, lambda: self.spark.sql(_create_statement(table)))
            if table.sort_by:
                order = ", ".join(f"`{name}`" for name in (*table.partition_by, *table.sort_by))
                distributed = "DISTRIBUTED BY PARTITION LOCALLY ORDERED BY" if table.partition_by else "ORDERED BY"
                self._repeated(
                    table, lambda: self.spark.sql(f"ALTER TABLE {table.identifier} WRITE {distributed} {order}")
                )
            return
        self._evolve(table)

    def exists(self, table: LakeTable) -> bool:
        """Whether the table is in the catalog."""
        return bool(self.spark.catalog.tableExists(table.identifier))

    def read(self, table: LakeTable) -> DataFrame:
        """The table as this run sees it. Raises LoadError if nothing ever created it."""
        if not self.exists(table):
            raise LoadError(table.path, "does not exist; run the transform steps of its sources first")
        suffix = "" if self._head(table) is None else f".branch_{self.branch}"
        return self.spark.table(f"{table.identifier}{suffix}")

    def read_published(self, table: LakeTable) -> DataFrame:
        """The table as analysts see it."""
        return self.spark.table(table.identifier)

    def overwrite(
        self,
        table: LakeTable,
        rows: DataFrame,
        replaced: Column | None = None,
        *,
        inputs: str = "",
        clustered: bool = False,
    ) -> None:
        """On the run's branch, replace the rows where ``replaced`` holds (default all), in one commit.

        ``inputs`` is kept with the commit: it tells what the content was made of. ``clustered``: the rows of a
        partition are together already.
        """
        self.begin(table)
        options = {"snapshot-property.estrela.inputs": inputs, "advisory-partition-size": TASK_BYTES}
        options |= {"distribution-mode": "none"} if clustered else {}
        self._replace(table, f"{table.identifier}.branch_{self.branch}", rows, replaced, options)

    def overwrite_published(self, table: LakeTable, rows: DataFrame, replaced: Column) -> None:
        """Replace rows without audit: for records of operations alone."""
        self._replace(table, table.identifier, rows, replaced, {})

    def append_published(self, table: LakeTable, rows: DataFrame) -> None:
        """Add rows without audit: for records of operations alone."""
        self._repeated(table, lambda: rows.writeTo(table.identifier).append())

    @staticmethod
    def is_run_branch(branch: str) -> bool:
        """Whether a branch is one that runs make."""
        return branch.startswith(BRANCH_PREFIX)

    def begin(self, table: LakeTable) -> None:
        """Give the table a branch of this run, if it has none."""
        if self._head(table) is None:
            create = f"ALTER TABLE {table.identifier} CREATE BRANCH IF NOT EXISTS `{self.branch}`"
            self._repeated(table, lambda: self.spark.sql(create))

    def drop_branch(self, table: LakeTable, branch: str) -> None:
        """Drop a branch, if it is there."""
        drop = f"ALTER TABLE {table.identifier} DROP BRANCH IF EXISTS `{branch}`"
        self._repeated(table, lambda: self.spark.sql(drop))

    def fast_forward(self, table: LakeTable) -> None:
        """Show the run's branch to readers. Raises LoadError if another run published meanwhile."""
        call = f"CALL {CATALOG}.system.fast_forward('{table.path}', 'main', '{self.branch}')"
        self._repeated(table, lambda: self.spark.sql(call).collect())

    def set_properties(self, table: LakeTable, **properties: str) -> None:
        """Set properties of the table, under the prefix ``estrela.``."""
        pairs = ", ".join(f"'estrela.{name}'={_quoted(value)}" for name, value in properties.items())
        self._repeated(table, lambda: self.spark.sql(f"ALTER TABLE {table.identifier} SET TBLPROPERTIES ({pairs})"))

    def inputs(self, table: LakeTable) -> set[str]:
        """What the published content is known to be made of."""
        iceberg = self._iceberg(table)
        current = iceberg.currentSnapshot()
        kept = current.summary().getOrDefault("estrela.inputs", "") if current else ""
        return {str(kept), str(iceberg.properties().getOrDefault("estrela.inputs", ""))}

    def audited_inputs(self, table: LakeTable) -> str:
        """What the run's branch was made of, if its newest commit passed the audit; else ""."""
        head = self._audited_head(table)
        if head is None:
            return ""
        return str(self._iceberg(table).snapshot(head).summary().getOrDefault("estrela.inputs", ""))

    def audit_report(self, table: LakeTable) -> str:
        """What :meth:`mark_audited` was told of the run's branch as it stands; "" if nothing was."""
        properties = self._iceberg(table).properties()
        return "" if self._audited_head(table) is None else str(properties.getOrDefault("estrela.audit_report", ""))

    def mark_audited(self, table: LakeTable, report: str) -> None:
        """Note that the run's branch, as it stands, passed the audit, and what the audit found."""
        self.set_properties(table, audited=str(self._head(table)), audit_report=report)

    def _audited_head(self, table: LakeTable) -> int | None:
        head = self._head(table)
        audited = str(self._iceberg(table).properties().getOrDefault("estrela.audited", ""))
        return head if audited == str(head) else None

    def is_unchanged(self, table: LakeTable) -> bool:
        """Whether the run's branch holds exactly the published rows, in whatever order."""
        published = self.read_published(table)
        return self._head(table, MAIN) is not None and _content(published) == _content(self.read(table))

    def refs(self, table: LakeTable) -> dict[str, int]:
        """Snapshot ids by branch."""
        return {entry.getKey(): entry.getValue().snapshotId() for entry in self._iceberg(table).refs().entrySet()}

    def snapshot(self, table: LakeTable) -> int:
        """The snapshot that this run sees; 0 if the table is empty or absent."""
        if not self.exists(table):
            return 0
        return self._head(table) or self._head(table, MAIN) or 0

    def size(self, table: LakeTable) -> int:
        """Bytes of the data files of the snapshot that this run sees."""
        seen = self.snapshot(table)
        return int(self._iceberg(table).snapshot(seen).summary().getOrDefault("total-files-size", "0")) if seen else 0

    def is_stale(self, table: LakeTable) -> bool:
        """Whether the table was published by another run since this run's branch began."""
        head, published = self._head(table), self._head(table, MAIN)
        if head is None or published is None:
            return False
        util = self.spark._jvm.org.apache.iceberg.util.SnapshotUtil
        return not util.isAncestorOf(self._iceberg(table), head, published)

    def _head(self, table: LakeTable, branch: str = "") -> int | None:
        """The snapshot that a branch stands at, by default the run's own; None if there is no such branch."""
        snapshot = self._iceberg(table).snapshot(branch or self.branch)
        return int(snapshot.snapshotId()) if snapshot else None

    def _iceberg(self, table: LakeTable) -> Any:
        loader = self.spark._jvm.org.apache.iceberg.spark.Spark3Util
        return loader.loadIcebergTable(self.spark._jsparkSession, table.identifier)

    def _replace(
        self, table: LakeTable, target: str, rows: DataFrame, replaced: Column | None, options: Mapping[str, str]
    ) -> None:
        conformed = rows.select(*[F.col(column.name).cast(column.type).alias(column.name) for column in table.columns])
        writer = conformed.writeTo(target)
        for name, value in options.items():
            writer = writer.option(name, value)
        self._repeated(table, lambda: writer.overwrite(F.lit(True) if replaced is None else replaced))

    def _evolve(self, table: LakeTable) -> None:
        found = {field.name: field.dataType.simpleString() for field in self.read_published(table).schema.fields}
        for column in table.columns:
            if column.name not in found:
                declared = f"`{column.name}` {column.type} COMMENT {_quoted(column.doc)}"
                add = f"ALTER TABLE {table.identifier} ADD COLUMN {declared}"
                self._repeated(table, lambda add=add: self.spark.sql(add))  # type: ignore[misc]
            elif found[column.name] != column.type:
                problem = f"column {column.name} is {found[column.name]}, declared as {column.type}"
                raise LoadError(table.path, f"{problem}; drop the table and run with full_refresh to rebuild it")

    def _repeated(self, table: LakeTable, change: Callable[[], object]) -> None:
        """Try ``change`` again when another writer was faster; every change here can be made twice."""
        from py4j.protocol import Py4JJavaError
        from pyspark.errors import PySparkException

        for attempt in range(1, ATTEMPTS + 1):
            try:
                change()
            except (Py4JJavaError, PySparkException) as error:
                text = str(error)
                if attempt < ATTEMPTS and ("CommitFailed" in text or "AlreadyExists" in text):
                    continue
                # What fails inside a job is the query's fault, what fails around it the table's.
                kind = TransformError if "Job aborted" in text or "Task failed" in text else LoadError
                raise kind(table.path, text) from error
            else:
                return


def any_of(conditions: Iterable[Column]) -> Column:
    """True where one of ``conditions`` is."""
    return reduce(lambda left, right: left | right, conditions, F.lit(False))


def _content(rows: DataFrame) -> tuple[Any, ...]:
    """Number of rows and two sums over hashes of them: equal for equal rows in any order."""
    digest = F.xxhash64(*rows.columns)
    sums = rows.agg(
        F.count(F.lit(1)),
        F.bit_xor(digest),
        F.sum(F.shiftrightunsigned(digest, 24)),
        F.sum(digest.bitwiseAND(0xFFFFFF)),
    ).first()
    return tuple(sums or ())


def _quoted(text: str) -> str:
    """``text`` as a literal of Spark SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _create_statement(table: LakeTable) -> str:
    columns = ", ".join(f"`{one.name}` {one.type} COMMENT {_quoted(one.doc)}" for one in table.columns)
    partitioned = f" PARTITIONED BY ({', '.join(f'`{name}`' for name in table.partition_by)})"
    properties = ", ".join(f"'{name}'='{value}'" for name, value in PROPERTIES.items())
    return (
        f"CREATE TABLE IF NOT EXISTS {table.identifier} ({columns}) USING iceberg"
        f"{partitioned if table.partition_by else ''} COMMENT {_quoted(table.doc)} TBLPROPERTIES ({properties})"
    )
