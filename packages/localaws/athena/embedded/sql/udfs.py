"""Functions that DuckDB lacks, in Python: Unicode case, URLs, JSON, checksums."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from urllib.parse import quote_plus, unquote_plus

from localaws.athena.embedded.sql import date_texts, json_paths, json_text, json_values, texts
from localaws.athena.embedded.sql.render import real_text, scientific_text
from localaws.athena.embedded.sql.unsure import UnsureError
from localaws.athena.types.double_text import double_text


def _upper(text: str) -> str:
    return "".join(c.upper() if len(c.upper()) == 1 else c for c in text)


def _lower(text: str) -> str:
    return "".join(c.lower()[0] for c in text)


def _reverse(text: str) -> str:
    return text[::-1]


def _split_limit(text: str, delimiter: str, limit: int) -> list[str]:
    if limit <= 0 or not delimiter:
        raise ValueError("INVALID_FUNCTION_ARGUMENT: split needs a delimiter and a positive limit")
    return text.split(delimiter, limit - 1)


def _translate(text: str, source: str, target: str) -> str:
    table: dict[int, str | None] = {}
    for i, char in enumerate(source):
        table.setdefault(ord(char), target[i] if i < len(target) else None)
    return text.translate(table)


def _from_base(text: str, radix: int) -> int:
    if not 2 <= radix <= 36:
        raise ValueError("INVALID_FUNCTION_ARGUMENT: Radix must be between 2 and 36")
    if not re.fullmatch(r"[+-]?[0-9a-zA-Z]+", text):
        raise ValueError(f"INVALID_FUNCTION_ARGUMENT: Not a valid base-{radix} number: {text}")
    value = int(text, radix)
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"INVALID_FUNCTION_ARGUMENT: Not a valid base-{radix} number: {text}")
    return value


def _from_utf8(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _sha512(data: bytes) -> bytes:
    return hashlib.sha512(data).digest()


def _crc32(data: bytes) -> int:
    return zlib.crc32(data)


def _double_to_decimal(value: float, precision: int, scale: int) -> str:
    return _decimal_of(double_text(value), f"DOUBLE '{double_text(value)}'", precision, scale)


def _real_to_decimal(value: float, precision: int, scale: int) -> str:
    text = double_text(value, single=True)
    return _decimal_of(text, f"REAL '{text}'", precision, scale)


def _decimal_of(text: str, shown: str, precision: int, scale: int) -> str:
    """The decimal of a double's or real's printed digits, rounded half up."""
    with localcontext(prec=400):
        number = Decimal(text)
        rounded = number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP) if number.is_finite() else number
    if not number.is_finite() or abs(rounded) >= Decimal(10) ** (precision - scale):
        raise ValueError(f"INVALID_CAST_ARGUMENT: Cannot cast {shown} to DECIMAL({precision}, {scale})")
    return format(rounded, "f")


_URL = re.compile(
    r"(?P<protocol>[A-Za-z][A-Za-z0-9+.-]*)://(?:[A-Za-z0-9._~-]*@)?(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)"
    r"(?::(?P<port>\d{1,9}))?(?P<path>(?:/[A-Za-z0-9._~!$&'()*+,;=:@/%-]*)?)"
    r"(?:\?(?P<query>[A-Za-z0-9._~!$&'()*+,;=:@/?%-]*))?(?:#(?P<fragment>[A-Za-z0-9._~!$&'()*+,;=:@/?%-]*))?"
)


def _url(text: str) -> re.Match[str]:
    match = _URL.fullmatch(text)
    if match is None or "%" in text:
        raise UnsureError(f"URL '{text[:100]}' with escapes or beyond scheme://host:port/path?query#fragment")
    return match


def _url_part(text: str, part: str) -> str | None:
    value = _url(text)[part]
    return value if value is not None or part == "port" else ""


def _url_parameter(text: str, name: str) -> str | None:
    query = _url(text)["query"]
    for pair in (query or "").split("&") if query else []:
        key, equals, value = pair.partition("=")
        if key == name:
            if "+" in value or "=" in value:
                raise UnsureError(f"url_extract_parameter of '{value[:100]}'")
            return value if equals else ""
    return None


def _url_encode(text: str) -> str:
    return quote_plus(text, safe="-_.*").replace("~", "%7E")


def _url_decode(text: str) -> str:
    if re.search(r"%(?![0-9a-fA-F]{2})", text):
        raise UnsureError(f"url_decode of '{text[:100]}'")
    return unquote_plus(text)


# the format of a big-endian number in Python's struct, and its DuckDB type
_BINARY_NUMBERS = {
    "big_endian_64": (">q", "BIGINT"),
    "big_endian_32": (">i", "INTEGER"),
    "ieee754_64": (">d", "DOUBLE"),
    "ieee754_32": (">f", "FLOAT"),
}
UDFS: dict[str, tuple[Callable[..., object], list[str], str]] = {
    "trino_unicode_upper": (_upper, ["VARCHAR"], "VARCHAR"),
    "trino_unicode_lower": (_lower, ["VARCHAR"], "VARCHAR"),
    "trino_unicode_reverse": (_reverse, ["VARCHAR"], "VARCHAR"),
    "trino_split_limit": (_split_limit, ["VARCHAR", "VARCHAR", "BIGINT"], "VARCHAR[]"),
    "trino_translate": (_translate, ["VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR"),
    "trino_from_base": (_from_base, ["VARCHAR", "BIGINT"], "BIGINT"),
    "trino_from_utf8": (_from_utf8, ["BLOB"], "VARCHAR"),
    "trino_sha512": (_sha512, ["BLOB"], "BLOB"),
    "trino_crc32": (_crc32, ["BLOB"], "BIGINT"),
    "trino_double_to_decimal": (_double_to_decimal, ["DOUBLE", "INTEGER", "INTEGER"], "VARCHAR"),
    "trino_real_to_decimal": (_real_to_decimal, ["FLOAT", "INTEGER", "INTEGER"], "VARCHAR"),
    "trino_url_part_unsure": (_url_part, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "trino_url_parameter_unsure": (_url_parameter, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "trino_url_encode": (_url_encode, ["VARCHAR"], "VARCHAR"),
    "trino_url_decode_unsure": (_url_decode, ["VARCHAR"], "VARCHAR"),
    "trino_json_exists_unsure": (json_paths.exists, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    "trino_json_value_unsure": (json_paths.value, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "trino_json_query_unsure": (json_paths.query, ["VARCHAR", "VARCHAR", "BOOLEAN", "BOOLEAN"], "VARCHAR"),
    "trino_json_parse_unsure": (json_text.json_parse, ["VARCHAR"], "VARCHAR"),
    "trino_json_extract_unsure": (json_text.json_extract, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "trino_json_scalar_unsure": (json_text.json_scalar, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "trino_json_size_unsure": (json_text.json_size, ["VARCHAR", "VARCHAR"], "BIGINT"),
    "trino_json_length_unsure": (json_text.json_length, ["VARCHAR"], "BIGINT"),
    "trino_is_json_scalar_unsure": (json_text.is_json_scalar, ["VARCHAR"], "BOOLEAN"),
    "trino_json_to_varchar": (json_values.to_varchar, ["VARCHAR"], "VARCHAR"),
    "trino_json_to_integer": (json_values.to_integer, ["VARCHAR", "VARCHAR"], "BIGINT"),
    "trino_json_to_double": (json_values.to_double, ["VARCHAR"], "DOUBLE"),
    "trino_json_to_boolean": (json_values.to_boolean, ["VARCHAR"], "BOOLEAN"),
    "trino_json_to_decimal": (json_values.to_decimal, ["VARCHAR", "INTEGER", "INTEGER"], "VARCHAR"),
    "trino_json_items": (json_values.items, ["VARCHAR", "VARCHAR"], "VARCHAR[]"),
    "trino_json_members": (json_values.members, ["VARCHAR", "VARCHAR"], "STRUCT(k VARCHAR, v VARCHAR)[]"),
    "trino_json_fields": (json_values.fields, ["VARCHAR", "VARCHAR[]", "VARCHAR"], "VARCHAR[]"),
    "trino_json_quoted": (json_values.quoted, ["VARCHAR"], "VARCHAR"),
    "trino_double_json": (json_values.of_double, ["DOUBLE"], "VARCHAR"),
    "trino_real_json": (json_values.of_real, ["FLOAT"], "VARCHAR"),
    "trino_json_object": (json_values.of_members, ["STRUCT(k VARCHAR, v VARCHAR)[]"], "VARCHAR"),
    "trino_double_text": (scientific_text, ["DOUBLE"], "VARCHAR"),
    "trino_real_text": (real_text, ["FLOAT"], "VARCHAR"),
    "trino_cbrt": (texts.cube_root, ["DOUBLE"], "DOUBLE"),
    "trino_date_parse": (date_texts.parser(date_texts.mysql_field), ["VARCHAR", "VARCHAR"], "TIMESTAMP"),
    "trino_parse_datetime": (date_texts.parser(date_texts.joda_field), ["VARCHAR", "VARCHAR"], "TIMESTAMP"),
    "trino_iso_date": (date_texts.iso_date, ["VARCHAR"], "DATE"),
    "trino_soundex": (texts.soundex, ["VARCHAR"], "VARCHAR"),
    "trino_readable_seconds": (texts.readable_seconds, ["DOUBLE"], "VARCHAR"),
    "trino_hive_hash": (texts.hive_hash, ["VARCHAR", "INTEGER"], "BIGINT"),
    "trino_luhn": (texts.luhn, ["VARCHAR"], "BOOLEAN"),
    "trino_combinations": (texts.indexes_of_combinations, ["BIGINT", "BIGINT"], "BIGINT[][]"),
    "trino_split_to_pairs": (
        texts.split_to_pairs,
        ["VARCHAR", "VARCHAR", "VARCHAR"],
        "STRUCT(k VARCHAR, v VARCHAR)[]",
    ),
    "trino_position": (texts.position, ["VARCHAR", "VARCHAR", "BIGINT"], "BIGINT"),
    **{
        f"trino_hmac_{name}": (texts.keyed_digest(name), ["BLOB", "BLOB"], "BLOB")
        for name in ("md5", "sha1", "sha256", "sha512")
    },
    **{f"trino_to_{name}": (texts.packed(form), [kind], "BLOB") for name, (form, kind) in _BINARY_NUMBERS.items()},
    **{f"trino_from_{name}": (texts.unpacked(form), ["BLOB"], kind) for name, (form, kind) in _BINARY_NUMBERS.items()},
}
