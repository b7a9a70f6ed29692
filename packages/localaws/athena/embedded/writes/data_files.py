"""Writes the rows of a query as files below a location."""

from __future__ import annotations

import gzip
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa

from localaws.athena.drafts import put_draft
from localaws.athena.embedded.rendering import render_column
from localaws.athena.embedded.sql.typed import name_literal, text_literal
from localaws.athena.embedded.tables.arrow_types import arrow_type
from localaws.athena.embedded.writes.avro_files import write_avro
from localaws.athena.embedded.writes.buckets import Buckets
from localaws.athena.embedded.writes.options import FileOptions
from localaws.athena.entries.partition_paths import partition_folder
from localaws.athena.errors import QueryError, UnsupportedError
from localaws.athena.types.hive import hive_name
from localaws.athena.types.trino import Columns, Type
from localaws.s3.store import split_uri

if TYPE_CHECKING:
    from localaws.athena.embedded.context import Context

MOST_PARTITIONS = 100
_NULL = r"\N"


@dataclass(frozen=True)
class NewPartition:
    """A partition's values (None for NULL), its folder, and the files written for it."""

    values: tuple[str | None, ...]
    location: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class Target:
    """Destination of rows.

    ``keys`` are the partition columns, the last columns of the query; ``folder`` returns the location for a partition's
    values. With ``buckets``, each folder has one file per bucket that has rows.
    """

    location: str
    options: FileOptions
    keys: Columns = ()
    folder: Callable[[tuple[str | None, ...]], str] | None = None
    buckets: Buckets | None = None


def write_rows(context: Context, sql: str, columns: Columns, target: Target) -> tuple[int, list[NewPartition]]:
    """Write a query's rows; return their number and the partitions (without keys, a single one without values).

    Each file becomes visible only when it is complete. Raises QueryError for more than 100 partitions.
    """
    for name, kind in columns:
        _check_hive_type(name, kind)
    data = columns[: len(columns) - len(target.keys)]
    if not target.keys:
        rows, files = _write_place(context, sql, data, target.location, target)
        return rows, [NewPartition((), target.location, tuple(files))] if files else []
    table = f"write_{uuid.uuid4().hex}"
    context.session.execute(f"CREATE TEMP TABLE {table} AS {sql}")
    total, partitions = 0, []
    for values in _distinct(context, table, target.keys):
        location = _location(target, values)
        rows, files = _write_place(context, _of_partition(table, data, target.keys, values), data, location, target)
        total += rows
        partitions.append(NewPartition(values, location, tuple(files)))
    return total, partitions


def _check_hive_type(name: str, kind: Type) -> None:
    if kind.name == "timestamp" and kind.size != (3,) and kind.size[0] > 3:
        raise QueryError(
            "NOT_SUPPORTED",
            f"Incorrect timestamp precision for {kind}; the configured precision is MILLISECONDS; column name: {name}",
        )
    hive_name(kind)


def _distinct(context: Context, table: str, keys: Columns) -> list[tuple[str | None, ...]]:
    names = ", ".join(f"CAST({name_literal(name)} AS VARCHAR)" for name, _ in keys)
    rows = context.session.execute(f"SELECT DISTINCT {names} FROM {table} ORDER BY ALL LIMIT {MOST_PARTITIONS + 1}")
    if len(rows) > MOST_PARTITIONS:
        raise QueryError(
            "HIVE_TOO_MANY_OPEN_PARTITIONS", f"Exceeded limit of {MOST_PARTITIONS} open writers for partitions/buckets"
        )
    return rows


def _of_partition(table: str, data: Columns, keys: Columns, values: tuple[str | None, ...]) -> str:
    selected = ", ".join(name_literal(name) for name, _ in data)
    conditions = " AND ".join(
        f"CAST({name_literal(name)} AS VARCHAR) IS NOT DISTINCT FROM {'NULL' if v is None else text_literal(v)}"
        for (name, _), v in zip(keys, values, strict=True)
    )
    return f"SELECT {selected} FROM {table} WHERE {conditions}"


def _location(target: Target, values: tuple[str | None, ...]) -> str:
    if target.folder:
        return target.folder(values)
    return f"{target.location.rstrip('/')}/{partition_folder([name for name, _ in target.keys], values)}/"


def _write_place(context: Context, sql: str, data: Columns, location: str, target: Target) -> tuple[int, list[str]]:
    """Write the files of a folder: one file of all rows, or one per bucket."""
    if target.buckets is None:
        return _write(context, sql, data, location, target.options)
    table = f"write_{uuid.uuid4().hex}"
    context.session.execute(f"CREATE TEMP TABLE {table} AS SELECT *, {target.buckets.number} AS __bucket FROM ({sql})")
    selected = ", ".join(name_literal(name) for name, _ in data)
    total, written = 0, []
    for (number,) in context.session.execute(f"SELECT DISTINCT __bucket FROM {table} ORDER BY 1"):
        of_bucket = f"SELECT {selected} FROM {table} WHERE __bucket = {number}"
        rows, files = _write(context, of_bucket, data, location, target.options, f"{number:06d}_0_")
        total += rows
        written += files
    return total, written


def _write(
    context: Context, sql: str, columns: Columns, location: str, options: FileOptions, name: str = ""
) -> tuple[int, list[str]]:
    """Write all rows to one file, or no file if there are no rows."""
    bucket, prefix = split_uri(location)
    stamp = f"{datetime.now(UTC):%Y%m%d_%H%M%S}"
    suffix = ".gz" if options.codec == "GZIP" and options.format in ("TEXTFILE", "JSON") else ""
    key = f"{prefix.rstrip('/')}/{name}{stamp}_{uuid.uuid4()}{suffix}".lstrip("/")
    with context.store.writes.draft() as draft:
        rows = _WRITERS[options.format](context, sql, columns, Path(draft.path), options)
        if not rows:
            return 0, []
        put_draft(context.store, bucket, key, draft)
    return rows, [f"s3://{bucket}/{key}"]


def _write_parquet(context: Context, sql: str, _columns: Columns, path: Path, options: FileOptions) -> int:
    codec = "UNCOMPRESSED" if options.codec == "NONE" else options.codec
    written = context.session.execute(
        f"COPY ({sql}) TO {text_literal(str(path))} (FORMAT parquet, COMPRESSION {codec}, USE_TMP_FILE false)"
    )
    return int(written[0][0])


def _write_orc(context: Context, sql: str, columns: Columns, path: Path, options: FileOptions) -> int:
    from pyarrow import orc

    schema = pa.schema([(name, arrow_type(kind)) for name, kind in columns])
    codec = "UNCOMPRESSED" if options.codec == "NONE" else options.codec
    rows = 0
    with orc.ORCWriter(str(path), compression=codec.lower()) as writer:
        for batch in context.session.stream(sql):
            writer.write(pa.Table.from_arrays(batch.columns, names=schema.names).cast(schema))
            rows += batch.num_rows
    return rows


def _write_text(context: Context, sql: str, columns: Columns, path: Path, options: FileOptions) -> int:
    if any(kind.args for _, kind in columns):
        raise UnsupportedError("array, map or row in a text file")

    def lines(rendered: list[list[str | None]]) -> Iterable[str]:
        for row in zip(*rendered, strict=True):
            yield options.delimiter.join(_NULL if cell is None else cell for cell in row) + "\n"

    return _write_lines(context, sql, columns, path, options, lines)


def _write_json(context: Context, sql: str, columns: Columns, path: Path, options: FileOptions) -> int:
    import json

    plain = {"tinyint", "smallint", "integer", "bigint", "decimal", "boolean"}
    texts = {"varchar", "char", "date", "timestamp"}
    for name, kind in columns:
        if kind.name not in plain | texts | {"double"}:
            raise UnsupportedError(f"JSON file with column {name} of type {kind}")

    def cell(text: str | None, kind: Type) -> str:
        if text is None:
            return "null"
        return text if kind.name in plain | {"double"} else json.dumps(text, ensure_ascii=False)

    def lines(rendered: list[list[str | None]]) -> Iterable[str]:
        for row in zip(*rendered, strict=True):
            cells = (f"{json.dumps(n)}:{cell(t, k)}" for t, (n, k) in zip(row, columns, strict=True))
            yield "{" + ",".join(cells) + "}\n"

    return _write_lines(context, sql, columns, path, options, lines)


def _write_lines(
    context: Context,
    sql: str,
    columns: Columns,
    path: Path,
    options: FileOptions,
    lines: Callable[[list[list[str | None]]], Iterable[str]],
) -> int:
    rows = 0
    with _opened(path, options) as file:
        for batch in context.session.stream(sql):
            rendered = [_texts(column, kind) for column, (_, kind) in zip(batch.columns, columns, strict=True)]
            file.write("".join(lines(rendered)).encode())
            rows += batch.num_rows
    return rows


def _texts(column: pa.Array, kind: Type) -> list[str | None]:
    texts: list[str | None] = render_column(column, kind).to_pylist()
    return texts


def _opened(path: Path, options: FileOptions) -> IO[Any]:
    return gzip.open(path, "wb") if options.codec == "GZIP" else path.open("wb")  # type: ignore[return-value]


_WRITERS: dict[str, Callable[[Any, str, Columns, Path, FileOptions], int]] = {
    "PARQUET": _write_parquet,
    "ORC": _write_orc,
    "AVRO": write_avro,
    "TEXTFILE": _write_text,
    "JSON": _write_json,
}
