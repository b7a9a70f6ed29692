"""Parses the COPY command: https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from localaws.redshift.errors import SqlError, UnsupportedError
from localaws.redshift.sql.words import Words, unescaped

DELIMITED, CSV, JSON, PARQUET = "txt", "csv", "json", "parquet"
GZIP, BZIP2, ZSTD = "gzip", "bzip2", "zstd"
MOST_ERRORS = 100_000
DEFAULT_NULL = "\\N"
REFUSED = frozenset(
    "ACCEPTANYDATE AVRO ENCRYPTED FIXEDWIDTH IGNOREALLERRORS LZOP MASTER_SYMMETRIC_KEY ORC READRATIO REMOVEQUOTES "
    "SHAPEFILE SSH".split()
)
# These choose encodings and statistics, which do not affect the result of a query.
WITHOUT_EFFECT = ("COMPUPDATE", "STATUPDATE")


@dataclass
class CopyOptions:
    """One COPY. ``null_as``, ``delimiter``, ``quote`` and ``invalid_as`` are unescaped."""

    schema: str
    table: str
    columns: list[str] = field(default_factory=list)
    source: str = ""
    format: str = DELIMITED
    json: str = "auto"
    delimiter: str = ""
    quote: str = '"'
    escape: bool = False
    ignore_header: int = 0
    ignore_blank_lines: bool = False
    fill_record: bool = False
    date_format: str = ""
    time_format: str = ""
    null_as: str = DEFAULT_NULL
    blanks_as_null: bool = False
    empty_as_null: bool = False
    trim_blanks: bool = False
    truncate_columns: bool = False
    round_decimals: bool = False
    invalid_as: str = ""
    max_errors: int = 0
    manifest: bool = False
    compression: str = ""
    explicit_ids: bool = False
    no_load: bool = False
    authorised: bool = False


def read_copy(sql: str) -> CopyOptions:
    """Parse a COPY; raises SqlError if Redshift would refuse it, UnsupportedError for an unsupported option."""
    words = Words(sql)
    words.expect("COPY")
    options = CopyOptions(*words.qualified_name())
    if words.peek() == "(":
        options.columns = words.names_in_parentheses()
    words.expect("FROM")
    options.source = words.string()
    if not options.source.startswith("s3://"):
        raise UnsupportedError(f"COPY from {options.source.partition(':')[0]}")
    while not words.ended:
        _read_option(words, options)
    _check(options)
    return options


def _read_option(words: Words, options: CopyOptions) -> None:
    word = words.peek()
    if word in REFUSED:
        raise UnsupportedError(f"COPY with {word}", "is not on the list of supported options")
    if word in _FLAGS:
        words.advance()
        setattr(options, _FLAGS[word], True)
    elif word in (GZIP.upper(), BZIP2.upper(), ZSTD.upper()):
        words.advance()
        options.compression = word.lower()
    elif word in WITHOUT_EFFECT:
        words.advance()
        _ = any(words.skip(value) for value in ("ON", "OFF", "TRUE", "FALSE", "PRESET"))
    elif not (_read_authorisation(words, options) or _read_format(words, options) or _read_value(words, options)):
        raise words.error()


_FLAGS = {
    "BLANKSASNULL": "blanks_as_null",
    "EMPTYASNULL": "empty_as_null",
    "ESCAPE": "escape",
    "EXPLICIT_IDS": "explicit_ids",
    "FILLRECORD": "fill_record",
    "IGNOREBLANKLINES": "ignore_blank_lines",
    "MANIFEST": "manifest",
    "NOLOAD": "no_load",
    "ROUNDEC": "round_decimals",
    "TRIMBLANKS": "trim_blanks",
    "TRUNCATECOLUMNS": "truncate_columns",
}


def _read_authorisation(words: Words, options: CopyOptions) -> bool:
    """Skip the role or keys, which are not checked, because localaws checks no permissions; return whether given."""
    if words.skip("IAM_ROLE"):
        if not words.skip("DEFAULT"):
            words.string()
    elif any(words.skip(word) for word in ("CREDENTIALS", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")):
        words.skip("AS")
        words.string()
    else:
        return False
    options.authorised = True
    return True


def _read_format(words: Words, options: CopyOptions) -> bool:
    if words.skip("FORMAT"):
        words.skip("AS")
        if words.peek() not in ("CSV", "JSON", "PARQUET"):
            raise UnsupportedError(f"COPY with FORMAT {words.peek()}", "is not on the list of supported formats")
    if words.skip("CSV"):
        options.format = CSV
    elif words.skip("PARQUET"):
        options.format = PARQUET
    elif words.skip("JSON"):
        words.skip("AS")
        options.format = JSON
        options.json = words.string() if words.is_string() else "auto"
    else:
        return False
    return True


def _read_value(words: Words, options: CopyOptions) -> bool:
    word = words.peek()
    if word in ("REGION", "COMPROWS", "ENCODING"):
        _read_ignored(words, word)
        return True
    if word not in _VALUES:
        return False
    words.advance()
    words.skip("AS")
    name, read = _VALUES[word]
    setattr(options, name, read(words))
    return True


def _read_ignored(words: Words, word: str) -> None:
    """Skip an option without effect: a region, a setting for column encodings, or the default ENCODING UTF8."""
    words.advance()
    words.skip("AS")
    value = words.string() if words.is_string() else str(words.number()) if word == "COMPROWS" else words.name()
    if word == "ENCODING" and value.upper() != "UTF8":
        raise UnsupportedError(f"COPY with ENCODING {value}")


_VALUES: Mapping[str, tuple[str, Callable[[Words], object]]] = {
    "ACCEPTINVCHARS": ("invalid_as", lambda words: words.string() if words.is_string() else "?"),
    "DATEFORMAT": ("date_format", Words.string),
    "DELIMITER": ("delimiter", lambda words: unescaped(words.string())),
    "IGNOREHEADER": ("ignore_header", Words.number),
    "MAXERROR": ("max_errors", Words.number),
    "NULL": ("null_as", lambda words: words.string().replace("\\\\", "\\")),
    "QUOTE": ("quote", Words.string),
    "TIMEFORMAT": ("time_format", Words.string),
}


def _check(options: CopyOptions) -> None:
    if not options.authorised:
        raise SqlError("CREDENTIALS argument is required but not supplied")
    if options.format == CSV and options.escape:
        raise SqlError("CSV is not supported with ESCAPE")
    if options.max_errors > MOST_ERRORS:
        raise SqlError(f"MAXERROR must be between 0 and {MOST_ERRORS}")
    if options.format == PARQUET:
        _check_columnar(options)
    options.delimiter = options.delimiter or ("," if options.format == CSV else "|")
    for name, value in (("DELIMITER", options.delimiter), ("QUOTE", options.quote)):
        if len(value) != 1 or not value.isascii():
            raise SqlError(f"{name} must be a single ASCII character")
    if options.invalid_as and (len(options.invalid_as) != 1 or not options.invalid_as.isascii()):
        raise SqlError("ACCEPTINVCHARS replacement must be a single ASCII character")
    if "\0" in options.null_as or options.null_as in ("\\0", "\\000"):
        raise UnsupportedError("NULL AS a null terminator")


def _check_columnar(options: CopyOptions) -> None:
    """Check options: https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html."""
    fresh = CopyOptions(options.schema, options.table)
    allowed = {"schema", "table", "columns", "source", "format", "manifest", "authorised", "explicit_ids"}
    for name, value in vars(options).items():
        if name not in allowed and value != getattr(fresh, name):
            raise SqlError(f"{name.replace('_', '').upper()} argument is not supported for PARQUET based COPY")
