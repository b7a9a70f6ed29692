"""Rows of Parquet files, each value as text for its field's parser."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from estrela.errors import FileRefusedError
from estrela.etl.feed_rows.judge import BadRowError
from estrela.etl.feed_rows.record_rows import ROWS_OF_A_PIECE, RecordRows
from estrela.etl.readers.compression import DamagedFileError


@dataclass(frozen=True, kw_only=True)
class ParquetRows(RecordRows):
    """The records of one file, read in batches from a copy on disk, because the footer is at the end of the stream."""

    chunks: Iterable[bytes]

    def records(self) -> Iterator[tuple[int, object]]:
        """Yield each record with its number, with the declared columns only."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        with tempfile.TemporaryFile() as copy:
            for chunk in self.chunks:
                copy.write(chunk)
            try:
                file = pq.ParquetFile(copy)
                names = self._names(file.schema_arrow.names)
                batches = file.iter_batches(ROWS_OF_A_PIECE, columns=names)
                rows = (row for batch in batches for row in batch.to_pylist())
                yield from enumerate(rows, 1)
            except (pa.ArrowException, OSError) as error:
                if isinstance(error, OSError) and error.errno is not None:
                    raise
                raise DamagedFileError(f"it is not a valid Parquet file: {error}") from error

    def _names(self, names: list[str]) -> list[str]:
        """Return the declared names. Raises FileRefusedError if the file lacks or repeats one."""
        feed = self.judge.feed
        for field in feed.fields:
            if names.count(field.header) != 1:
                how = "lacks" if field.header not in names else "repeats"
                reason = f"the file {how} the column {field.header}; its columns: {', '.join(names[:20])}"
                raise FileRefusedError(feed.name, self.address, reason, is_of_columns=True)
        return [field.header for field in feed.fields]

    def fields(self, record: object) -> list[str]:
        """Return the texts of the declared fields. Raises BadRowError."""
        assert isinstance(record, dict)
        return [_text(field.header, record[field.header]) for field in self.judge.feed.fields]

    def line(self, record: object) -> str:
        """Return the record as text for a reject."""
        return json.dumps(record, ensure_ascii=False, default=str)


def _text(header: str, value: object) -> str:
    """Return a value as text: numbers as digits, dates and times in ISO 8601 with a space between date and time."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case Decimal():
            return f"{value:f}"
        case float():
            return repr(value) if "e" not in repr(value) else f"{Decimal(repr(value)):f}"
        case datetime():
            local = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
            return local.isoformat(" ")
        case bytes():
            try:
                return value.decode()
            except UnicodeDecodeError:
                raise BadRowError("encoding", "the value is not text in UTF-8", header) from None
        case list() | dict():
            return json.dumps(value, ensure_ascii=False, default=str)
        case _:
            return str(value)
