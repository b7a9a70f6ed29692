"""Window functions: https://trino.io/docs/current/functions/window.html."""

from __future__ import annotations

from localaws.athena.embedded.sql.typed import Typed, coerce, known
from localaws.athena.sql_errors import NotSupportedError, UnexpectedParametersError
from localaws.athena.types.trino import BIGINT, DOUBLE, is_integer

WINDOWS: dict[str, str] = {
    "row_number": "row_number() -> bigint",
    "rank": "rank() -> bigint",
    "dense_rank": "dense_rank() -> bigint",
    "percent_rank": "percent_rank() -> double",
    "cume_dist": "cume_dist() -> double",
    "ntile": "ntile(n) -> bigint",
    "lag": "lag(T[, offset[, default]]) [IGNORE NULLS] -> T",
    "lead": "lead(T[, offset[, default]]) [IGNORE NULLS] -> T",
    "first_value": "first_value(T) [IGNORE NULLS] -> T",
    "last_value": "last_value(T) [IGNORE NULLS] -> T",
    "nth_value": "nth_value(T, n) [IGNORE NULLS] -> T",
}


_RANKS = {"row_number": BIGINT, "rank": BIGINT, "dense_rank": BIGINT, "percent_rank": DOUBLE, "cume_dist": DOUBLE}


def window(name: str, values: list[Typed], ignore_nulls: str, over: str) -> Typed:
    """Compile the call of a window function.

    Raises:
        TypeMismatchError: the number or types of arguments.
    """
    if name in _RANKS:
        if values or ignore_nulls:
            raise UnexpectedParametersError(f"Unexpected parameters for function {name}. Expected: {WINDOWS[name]}")
        return Typed(f"{name}(){over}", _RANKS[name])
    if name == "ntile":
        return Typed(f"ntile({_whole(values, 0, name, 1)}){over}", BIGINT)
    limits = {"lag": 3, "lead": 3, "nth_value": 2}
    if not 1 <= len(values) <= limits.get(name, 1) or (name == "nth_value" and len(values) != 2):
        raise UnexpectedParametersError(f"Unexpected parameters for function {name}. Expected: {WINDOWS[name]}")
    value = known(values[0])
    args = [value.sql]
    if len(values) > 1:
        args.append(_whole(values, 1, name, 1) if name == "nth_value" else _offset(values[1], name))
    if len(values) > 2:
        args.append(coerce(values[2], value.type).sql)
    return Typed(f"{name}({', '.join(args)}{ignore_nulls}){over}", value.type)


def _offset(value: Typed, name: str) -> str:
    if not is_integer(value.type):
        raise UnexpectedParametersError(
            f"Unexpected parameters ({value.type}) for function {name}. Expected: {WINDOWS[name]}"
        )
    return value.literal or f"trino_offset({value.sql})"


def _whole(values: list[Typed], index: int, name: str, least: int) -> str:
    literal = values[index].literal if index < len(values) and is_integer(values[index].type) else None
    if literal is None or not literal.isdigit() or int(literal) < least:
        raise NotSupportedError(f"{name} with a number that is not a literal of at least {least}")
    return literal
