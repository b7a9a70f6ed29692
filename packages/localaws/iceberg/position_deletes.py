"""Position delete files of format version 2: https://iceberg.apache.org/spec/#position-delete-files."""

from __future__ import annotations

import struct
import uuid

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.io import FileIO
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table import Table

PATH_ID, POSITION_ID = 2147483546, 2147483545
_SCHEMA = pa.schema(
    [
        pa.field("file_path", pa.string(), nullable=False, metadata={"PARQUET:field_id": str(PATH_ID)}),
        pa.field("pos", pa.int64(), nullable=False, metadata={"PARQUET:field_id": str(POSITION_ID)}),
    ]
)


def write_deletes(table: Table, data_file: DataFile, positions: pa.Array) -> DataFile:
    """Write the sorted, distinct positions in one data file to a delete file of its partition."""
    name = f"{uuid.uuid4()}-deletes.parquet"
    location = table.location_provider().new_data_location(name)
    rows = pa.table([pa.array([data_file.file_path] * len(positions)), positions], schema=_SCHEMA)
    size = _write(table.io, location, rows)
    path = data_file.file_path.encode()
    first, last = positions[0].as_py(), positions[-1].as_py()
    deletes = DataFile.from_args(
        content=DataFileContent.POSITION_DELETES,
        file_path=location,
        file_format=FileFormat.PARQUET,
        partition=data_file.partition,
        record_count=len(positions),
        file_size_in_bytes=size,
        column_sizes=None,
        value_counts=None,
        null_value_counts=None,
        nan_value_counts=None,
        lower_bounds={PATH_ID: path, POSITION_ID: struct.pack("<q", first)},
        upper_bounds={PATH_ID: path, POSITION_ID: struct.pack("<q", last)},
        key_metadata=None,
        split_offsets=None,
        equality_ids=None,
        sort_order_id=None,
    )
    deletes.spec_id = data_file.spec_id
    return deletes


def _write(io: FileIO, location: str, rows: pa.Table) -> int:
    output = io.new_output(location)
    with output.create() as stream:
        pq.write_table(rows, stream, compression="zstd")
    return len(output)
