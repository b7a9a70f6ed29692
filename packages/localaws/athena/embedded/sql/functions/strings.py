"""String functions: https://trino.io/docs/current/functions/string.html."""

from __future__ import annotations

import re
from functools import reduce

from localaws.athena.embedded.sql.functions.signatures import Call, declared, written
from localaws.athena.embedded.sql.operators import concatenate
from localaws.athena.embedded.sql.typed import Typed, cast, text_literal
from localaws.athena.sql_errors import InvalidArgumentError, NotSupportedError
from localaws.athena.types.trino import VARCHAR, is_integer


@written("concat(T, T, ...) -> T")
def _concat(call: Call) -> Typed:
    if len(call.args) < 2:
        raise InvalidArgumentError("There must be two or more concatenation arguments")
    return reduce(concatenate, call.args)


_PIECE = re.compile(r"%%|%(?P<comma>,)?(?P<width>0\d+)?(?P<kind>[sd])|%|[^%]+")


@written("format(literal of %s %d %0Nd %,d %%, args...) -> varchar")
def _format(call: Call) -> Typed:
    pattern, values, pieces = call.literal(0, "a pattern"), iter(call.args[1:]), []
    for match in _PIECE.finditer(pattern):
        if match[0] == "%":
            raise NotSupportedError(f"function format with pattern '{pattern}'")
        pieces.append(_piece(match, values, pattern) if match["kind"] else text_literal(match[0].replace("%%", "%")))
    return Typed(f"CAST(concat({', '.join(pieces) or text_literal('')}) AS VARCHAR)", VARCHAR)


def _piece(match: re.Match[str], values: object, pattern: str) -> str:
    value = next(values, None)  # type: ignore[call-overload]
    if value is None:
        raise InvalidArgumentError(f"Invalid format string: {pattern} (fewer arguments than specifiers)")
    if match["kind"] == "d" and is_integer(value.type):
        if match["comma"] and not match["width"]:
            return f"coalesce(format('{{:,}}', {value.sql}), 'null')"
        if not match["comma"]:
            return f"coalesce(printf({text_literal(match[0])}, {value.sql}), 'null')"
    if match[0] == "%s" and (value.type.name in ("varchar", "boolean", "date") or is_integer(value.type)):
        return f"coalesce({cast(value.sql, VARCHAR)}, 'null')"
    raise NotSupportedError(f"function format of {match[0]} with {value.type}")


FUNCTIONS = [
    declared("length(varchar) -> bigint", "length({0})"),
    declared("length(varbinary) -> bigint", "octet_length({0})"),
    declared("upper(varchar) -> varchar", "trino_upper({0})"),
    declared("lower(varchar) -> varchar", "trino_lower({0})"),
    declared("reverse(varchar) -> varchar", "trino_reverse({0})"),
    *(
        declared(f"{name}(varchar, bigint{extra}) -> varchar", f"trino_substr{arity}({{args}})")
        for name in ("substr", "substring")
        for extra, arity in (("", 2), (", bigint", 3))
    ),
    declared("strpos(varchar, varchar) -> bigint", "trino_strpos({0}, {1})"),
    declared("strpos(varchar, varchar, bigint) -> bigint", "trino_position({0}, {1}, {2})"),
    declared("soundex(varchar) -> varchar", "trino_soundex({0})"),
    declared("luhn_check(varchar) -> boolean", "trino_luhn({0})"),
    declared("concat_ws(varchar, array(varchar)) -> varchar", "trino_array_join({1}, {0})"),
    declared("starts_with(varchar, varchar) -> boolean", "starts_with({0}, {1})"),
    declared("replace(varchar, varchar) -> varchar", "trino_replace_unsure({0}, {1}, '')"),
    declared("replace(varchar, varchar, varchar) -> varchar", "trino_replace_unsure({0}, {1}, {2})"),
    declared("lpad(varchar, bigint, varchar) -> varchar", "trino_pad(lpad({0}, {1}::INTEGER, {2}), {1}, {2})"),
    declared("rpad(varchar, bigint, varchar) -> varchar", "trino_pad(rpad({0}, {1}::INTEGER, {2}), {1}, {2})"),
    *(
        declared(f"{name}(varchar) -> varchar", f"{name}({{0}}, trino_whitespace())")
        for name in ("trim", "ltrim", "rtrim")
    ),
    *(declared(f"{name}(varchar, varchar) -> varchar", f"{name}({{0}}, {{1}})") for name in ("trim", "ltrim", "rtrim")),
    _concat,
    declared("concat_ws(varchar, varchar, ...) -> varchar", "concat_ws({args})"),
    declared("split(varchar, varchar) -> array(varchar)", "trino_split({0}, {1})"),
    declared("split(varchar, varchar, bigint) -> array(varchar)", "trino_split_limit({0}, {1}, {2})"),
    declared("split_part(varchar, varchar, bigint) -> varchar", "trino_split_part({0}, {1}, {2})"),
    declared(
        "levenshtein_distance(varchar, varchar) -> bigint",
        "levenshtein(trino_ascii_unsure({0}), trino_ascii_unsure({1}))",
    ),
    declared(
        "hamming_distance(varchar, varchar) -> bigint", "hamming(trino_ascii_unsure({0}), trino_ascii_unsure({1}))"
    ),
    declared("translate(varchar, varchar, varchar) -> varchar", "trino_translate({0}, {1}, {2})"),
    declared("chr(bigint) -> varchar(1)", "chr({0}::INTEGER)"),
    declared("codepoint(varchar) -> integer", "trino_codepoint({0})"),
    _format,
]
