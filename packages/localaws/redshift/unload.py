"""UNLOAD: writes the rows of a query to objects: https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from localaws.redshift.database import Connection
from localaws.redshift.errors import SqlError, UnsupportedError
from localaws.redshift.sql import statements
from localaws.redshift.sql.words import Words, literal, unescaped
from localaws.s3.errors import NoSuchBucketError
from localaws.s3.info import Facts
from localaws.s3.store import ObjectStore, split_uri

_SUFFIXES = {"": "", "gzip": ".gz", "bzip2": ".bz2"}
_BATCH = 10_000
_QUOTE = b"\x01"
_OPTIONS = ("HEADER", "ADDQUOTES", "ALLOWOVERWRITE", "MANIFEST", "GZIP", "BZIP2", "CSV", "PARQUET", "PARALLEL")


@dataclass
class UnloadOptions:
    """One UNLOAD, parsed; ``header``, ``overwrite`` and ``manifest`` are options of the command."""

    query: str
    location: str
    csv: bool = False
    parquet: bool = False
    delimiter: str = ""
    null_as: str = ""
    header: bool = False
    quoted: bool = False
    overwrite: bool = False
    manifest: bool = False
    compression: str = ""
    parallel: bool = True
    authorised: bool = False


def run_unload(sql: str, connection: Connection, store: ObjectStore) -> int:
    """Write the rows and return their number; raises SqlError."""
    options = read_unload(sql)
    bucket, prefix = split_uri(options.location)
    try:
        existing = next(iter(store.reads.list(bucket, prefix)), None)
    except NoSuchBucketError:
        raise SqlError("S3ServiceException:The specified bucket does not exist,Status 404,Error NoSuchBucket") from None
    if existing is not None and not options.overwrite:
        raise SqlError(
            f"Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, manually "
            f"removing the target files in S3, or using the ALLOWOVERWRITE option: {options.location}"
        )
    number = "0000_part_00" if options.parallel else "000"
    key = f"{prefix}{number}{'.parquet' if options.parquet else _SUFFIXES[options.compression]}"
    rows, size = _write(options, connection, store, (bucket, key))
    if options.manifest:
        entry = {"url": f"s3://{bucket}/{key}"} | ({"meta": {"content_length": size}} if options.parquet else {})
        store.writes.put_bytes(bucket, f"{prefix}manifest", json.dumps({"entries": [entry]}).encode())
    return rows


def read_unload(sql: str) -> UnloadOptions:
    """Parse an UNLOAD; raises SqlError, or UnsupportedError for an unsupported option."""
    words = Words(sql)
    words.expect("UNLOAD", "(")
    query = words.string()
    words.expect(")", "TO")
    options = UnloadOptions(query, words.string())
    while not words.ended:
        _read_option(words, options)
    if not options.authorised:
        raise SqlError("CREDENTIALS argument is required but not supplied")
    if options.parquet and (
        options.delimiter or options.null_as or options.header or options.quoted or options.compression
    ):
        raise SqlError("UNLOAD with PARQUET does not support DELIMITER, NULL AS, HEADER, ADDQUOTES or compression")
    if options.csv and options.quoted:
        raise SqlError("CSV is not supported with ADDQUOTES")
    options.delimiter = options.delimiter or ("," if options.csv else "|")
    return options


def _read_option(words: Words, options: UnloadOptions) -> None:
    word = words.peek()
    if word == "IAM_ROLE" and words.peek(1) == "DEFAULT":
        words.advance()
        words.advance()
        options.authorised = True
    elif word in ("IAM_ROLE", "CREDENTIALS", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"):
        words.advance()
        words.skip("AS")
        words.string()
        options.authorised = True
    elif word in ("FORMAT", "DELIMITER", "NULL", "REGION"):
        words.advance()
        words.skip("AS")
        if word == "DELIMITER":
            options.delimiter = unescaped(words.string())
        elif word == "NULL":
            options.null_as = words.string()
        elif word == "REGION":
            words.string()
    elif word in _OPTIONS:
        words.advance()
        _set_flag(words, options, word)
    else:
        raise UnsupportedError(f"UNLOAD with {word or 'this option'}", "is not on the list of supported options")


def _set_flag(words: Words, options: UnloadOptions, word: str) -> None:
    if word in ("GZIP", "BZIP2"):
        options.compression = word.lower()
    elif word == "PARALLEL":
        options.parallel = not (words.skip("OFF") or words.skip("FALSE"))
        _ = words.skip("ON") or words.skip("TRUE")
    elif word == "MANIFEST" and words.peek() == "VERBOSE":
        raise UnsupportedError("UNLOAD with MANIFEST VERBOSE")
    else:
        names = {"ADDQUOTES": "quoted", "ALLOWOVERWRITE": "overwrite"}
        setattr(options, names.get(word, word.lower()), True)


def _write(
    options: UnloadOptions, connection: Connection, store: ObjectStore, place: tuple[str, str]
) -> tuple[int, int]:
    """Write one object; return the number of rows, and the object's size in bytes."""
    statement = statements.read_statement(options.query, {})
    if statement.kind != statements.QUERY:
        raise SqlError("UNLOAD takes a SELECT statement")
    digest = hashlib.md5(usedforsecurity=False)
    with store.writes.draft() as draft:

        def put(data: bytes) -> None:
            digest.update(data)
            draft.write(data)

        sink = _Sink(put)
        if options.parquet:
            rows = _write_parquet(statement.runs[-1], connection, sink)
        else:
            rows = _write_text(statement.runs[-1], options, connection, sink)
        store.writes.put(*place, draft, digest.hexdigest(), Facts())
    return rows, sink.size


class _Sink:
    """A file object for compressors, which passes data on to ``put``."""

    def __init__(self, put: Callable[[bytes], None]) -> None:
        self._put = put
        self.size = 0
        self.closed = False

    def write(self, data: Any) -> int:
        self._put(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: no data is buffered."""

    def close(self) -> None:
        self.closed = True

    def tell(self) -> int:
        return self.size

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False


def _compressed(options: UnloadOptions, sink: _Sink) -> Any:
    file: Any = sink
    if options.compression == "gzip":
        return gzip.GzipFile(fileobj=file, mode="wb", mtime=0)
    return bz2.BZ2File(file, "wb") if options.compression == "bzip2" else sink


def _write_text(query: str, options: UnloadOptions, connection: Connection, sink: _Sink) -> int:
    form = (
        f"FORMAT csv, DELIMITER {literal(options.delimiter)}, NULL {literal(options.null_as)}, HEADER {options.header}"
    )
    if options.quoted:
        form += ", FORCE_QUOTE *"
    elif not options.csv:
        form += ", QUOTE E'\\x01'"
    with connection.cursor() as cursor, closing(_compressed(options, sink)) as file:
        with cursor.copy(f"COPY ({query}) TO STDOUT WITH ({form}, ENCODING 'UTF8')".encode()) as copy:
            for data in copy:
                file.write(data if options.csv or options.quoted else _unquoted(bytes(data)))
        return max(0, cursor.rowcount)


def _unquoted(data: bytes) -> bytes:
    """Remove the quotes of empty texts, as Redshift writes none; refuse texts that contain the delimiter."""
    data = data.replace(_QUOTE * 2, b"")
    if _QUOTE in data:
        raise UnsupportedError(
            "UNLOAD of a text with the delimiter or the end of a line in it, without ADDQUOTES or CSV"
        )
    return data


def _write_parquet(query: str, connection: Connection, sink: _Sink) -> int:
    import pyarrow as pa
    from pyarrow import parquet

    rows, writer = 0, None
    with connection.cursor("rows") as cursor:
        cursor.execute(query.encode())
        schema = _schema(cursor)
        while batch := cursor.fetchmany(_BATCH):
            columns = [
                pa.array([row[place] for row in batch], pa.string()).cast(kind) if _is_textual(kind) else pa.array(
                    [row[place] for row in batch], kind)
                for place, kind in enumerate(schema.types)
            ]  # fmt: skip
            writer = writer or parquet.ParquetWriter(pa.PythonFile(sink, "w"), schema, version="1.0")
            writer.write_table(pa.table(columns, schema=schema))
            rows += len(batch)
        if writer is None:
            writer = parquet.ParquetWriter(pa.PythonFile(sink, "w"), schema, version="1.0")
        writer.close()
    return rows


def _is_textual(kind: Any) -> bool:
    import pyarrow as pa

    return pa.types.is_decimal(kind) or pa.types.is_date(kind) or pa.types.is_timestamp(kind)


def _schema(cursor: Any) -> Any:
    import pyarrow as pa

    kinds = {
        16: pa.bool_(), 20: pa.int64(), 21: pa.int16(), 23: pa.int32(), 25: pa.string(), 700: pa.float32(),
        701: pa.float64(), 1042: pa.string(), 1043: pa.string(), 1082: pa.date32(), 1114: pa.timestamp("us"),
    }  # fmt: skip
    fields = []
    for place, column in enumerate(cursor.description):
        kind = kinds.get(column.type_code)
        if column.type_code == 1700 and (modifier := cursor.pgresult.fmod(place)) >= 4:
            kind = pa.decimal128((modifier - 4) >> 16, (modifier - 4) & 0xFFFF)
        if kind is None:
            raise UnsupportedError(f"UNLOAD of column {column.name} into PARQUET")
        fields.append(pa.field(column.name, kind))
    return pa.schema(fields)
