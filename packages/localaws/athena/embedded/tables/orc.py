"""Hive tables of ORC files, read into a temporary table of the query.

Columns are matched by position, or by name if the SerDe property `orc.column.index.access` is false:
https://docs.aws.amazon.com/athena/latest/ug/handling-schema-updates-chapter.html.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import orc

from localaws.athena.embedded.session import Session
from localaws.athena.embedded.sql.typed import name_literal
from localaws.athena.embedded.tables.arrow_types import arrow_type
from localaws.athena.embedded.tables.batches import registered
from localaws.athena.embedded.tables.parquet import check_readable
from localaws.athena.embedded.tables.stored_values import stored_expression
from localaws.athena.entries.hive_table import HiveTable
from localaws.athena.errors import BadDataError
from localaws.athena.files.data_files import DataFile
from localaws.athena.types.trino import Columns

INDEX_ACCESS = "orc.column.index.access"


def orc_scan(session: Session, table: HiveTable, files: Sequence[DataFile]) -> tuple[str, Mapping[str, str]]:
    """Read the files' rows into a temporary table; return its name, and the SQL expression of each column.

    Raises BadDataError for a file that is not ORC, or for a column whose type cannot be read as the table's.
    """
    fields = [pa.field(name, arrow_type(kind)) for name, kind in table.columns]
    schema = pa.schema([*fields, pa.field("file_index", pa.int64())])
    by_place = table.serde_parameters.get(INDEX_ACCESS, "true").strip().lower() == "true"
    batches = (batch for i, file in enumerate(files) for batch in _batches(session, file, i, table.columns, by_place))
    name = registered(session, schema, batches)
    return name_literal(name), {column: stored_expression(column, kind) for column, kind in table.columns}


def _batches(
    session: Session, file: DataFile, index: int, columns: Columns, by_place: bool
) -> Iterator[pa.RecordBatch]:
    session.count_scanned(file.size)
    try:
        reader = orc.ORCFile(file.path)
        fields = _found(reader.schema, columns, by_place)
        for (name, kind), field in zip(columns, fields, strict=True):
            if field is not None:
                check_readable(file, "ORC", (name, field.type), kind)
        for stripe in range(reader.nstripes):
            yield _batch(reader.read_stripe(stripe), index, columns, fields)
            session.check()
    except (pa.ArrowInvalid, OSError) as error:
        raise BadDataError(f"{file.uri} cannot be read as ORC: {str(error)[:200]}") from error


def _found(schema: pa.Schema, columns: Columns, by_place: bool) -> list[pa.Field | None]:
    """The file's field of each column of the table; None for a column that the file lacks."""
    if by_place:
        return [schema.field(i) if i < len(schema) else None for i in range(len(columns))]
    named = {field.name.lower(): field for field in schema}
    return [named.get(name) for name, _ in columns]


def _batch(stripe: pa.RecordBatch, index: int, columns: Columns, fields: Sequence[pa.Field | None]) -> pa.RecordBatch:
    places = {field.name: i for i, field in enumerate(stripe.schema)}
    arrays, names = [], []
    for (name, kind), field in zip(columns, fields, strict=True):
        target = arrow_type(kind)
        if field is None:
            arrays.append(pa.nulls(stripe.num_rows, target))
        else:
            arrays.append(pc.cast(stripe.column(places[field.name]), target, safe=False))
        names.append(name)
    return pa.record_batch([*arrays, pa.array([index] * stripe.num_rows, pa.int64())], names=[*names, "file_index"])
