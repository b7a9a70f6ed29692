"""JSON functions: https://trino.io/docs/current/functions/json.html. A JSON value is stored as its text."""

from __future__ import annotations

import re

from localaws.athena.embedded.sql.functions.signatures import Call, Function, declared, written
from localaws.athena.embedded.sql.json_paths import check_path
from localaws.athena.embedded.sql.typed import Typed, coerce, text_literal
from localaws.athena.sql_errors import InvalidArgumentError, NotSupportedError, UnexpectedParametersError
from localaws.athena.types.trino import BIGINT, BOOLEAN, JSON, UNKNOWN, VARCHAR, Type

_PATH = re.compile(r"""\$(?:\.[A-Za-z_][A-Za-z0-9_]*|\[\d+\]|\["[^"\\]+"\])*""")


def _with_path(name: str, returns: Type, function: str) -> Function:
    @written(f'{name}(json or varchar, path literal of .name [n] ["name"]) -> {returns}')
    def build(call: Call) -> Typed:
        if len(call.args) != 2 or call.args[0].type.name not in ("json", "varchar", "unknown"):
            raise NotSupportedError(f"function {name} of {', '.join(str(a.type) for a in call.args)}")
        path = call.literal(1, "a path")
        if re.search(r"\.\.|\*|\[-", path) or not path.startswith("$"):
            raise InvalidArgumentError(f"Invalid JSON path: '{path[:100]}'")
        if not _PATH.fullmatch(path):
            raise NotSupportedError(f"JSON path '{path}'")
        if call.args[0].type == UNKNOWN:
            return Typed(f"CAST(NULL AS {'BIGINT' if returns == BIGINT else 'VARCHAR'})", returns)
        return Typed(f"{function}({call.args[0].sql}, {text_literal(path)})", returns)

    return build


def _whole(name: str, returns: Type, function: str) -> Function:
    @written(f"{name}(json or varchar) -> {returns}")
    def build(call: Call) -> Typed:
        if len(call.args) != 1 or call.args[0].type.name not in ("json", "varchar"):
            raise NotSupportedError(f"function {name} of {', '.join(str(a.type) for a in call.args)}")
        return Typed(f"{function}({call.args[0].sql})", returns)

    return build


@written("json_format(json) -> varchar")
def _json_format(call: Call) -> Typed:
    if len(call.args) != 1 or call.args[0].type != JSON:
        raise NotSupportedError("function json_format of a value that is not JSON")
    return Typed(call.args[0].sql, VARCHAR)


@written("json_exists(varchar, path literal of members and elements) -> boolean")
def _json_exists(call: Call) -> Typed:
    if len(call.args) != 2 or call.args[0].type.name not in ("varchar", "unknown"):
        raise UnexpectedParametersError("Unexpected parameters for function json_exists. Expected: varchar, path")
    path = call.literal(1, "a path")
    check_path(path)
    return Typed(f"trino_json_exists_unsure({coerce(call.args[0], VARCHAR).sql}, {text_literal(path)})", BOOLEAN)


FUNCTIONS = [
    _json_exists,
    declared("json_parse(varchar) -> json", "trino_json_parse_unsure({0})"),
    _json_format,
    _with_path("json_extract", JSON, "trino_json_extract_unsure"),
    _with_path("json_extract_scalar", VARCHAR, "trino_json_scalar_unsure"),
    _with_path("json_size", BIGINT, "trino_json_size_unsure"),
    _whole("json_array_length", BIGINT, "trino_json_length_unsure"),
    _whole("is_json_scalar", BOOLEAN, "trino_is_json_scalar_unsure"),
]
