"""Mathematical functions: https://trino.io/docs/current/functions/math.html."""

from __future__ import annotations

from localaws.athena.embedded.sql.functions.signatures import Call, Function, declared, written
from localaws.athena.embedded.sql.operators import arithmetic
from localaws.athena.embedded.sql.typed import Typed, cast, coerce
from localaws.athena.sql_errors import NotSupportedError, UnexpectedParametersError
from localaws.athena.types.trino import DOUBLE, MAX_PRECISION, Type, decimal, is_float, is_integer, is_numeric


def _one_number(call: Call, most: int = 1) -> Typed:
    if not 1 <= len(call.args) <= most or not is_numeric(call.args[0].type):
        types = ", ".join(str(a.type) for a in call.args)
        raise UnexpectedParametersError(f"Unexpected parameters ({types}) for function {call.name}. Expected: a number")
    return call.args[0]


def _whole_type(kind: Type) -> Type:
    precision, scale = kind.size
    return decimal(min(MAX_PRECISION, precision - scale + min(scale, 1)), 0)


def _to_whole(name: str, function: str) -> Function:
    @written(f"{name}(number) -> number")
    def build(call: Call) -> Typed:
        value = _one_number(call)
        if is_integer(value.type):
            return value
        kind = _whole_type(value.type) if value.type.name == "decimal" else value.type
        return Typed(cast(f"{function}({value.sql})", kind), kind)

    return build


@written("round(number[, d]) -> number")
def _round(call: Call) -> Typed:
    value = _one_number(call, 2)
    digits = 0
    if len(call.args) == 2:
        digits = call.number(1, "a number of digits")
    if is_integer(value.type):
        return value if digits >= 0 else Typed(cast(f"round({value.sql}, {digits})", value.type), value.type)
    if is_float(value.type):
        if value.type.name == "real" and digits:
            raise NotSupportedError("function round of real with digits")
        return Typed(f"round({value.sql}, {digits})", value.type)
    precision, scale = value.type.size
    if len(call.args) == 1:
        kind = _whole_type(value.type)
        return Typed(cast(f"round({value.sql})", kind), kind)
    kind = decimal(min(MAX_PRECISION, precision + 1), scale)
    wide = cast(value.sql, kind)
    return Typed(wide if digits >= scale else cast(f"round({wide}, {digits})", kind), kind)


@written("truncate(number[, digits of a decimal]) -> number")
def _truncate(call: Call) -> Typed:
    value = _one_number(call, 2)
    if len(call.args) == 2:
        return _truncated_decimal(value, call.number(1, "a number of digits"))
    if value.type.name != "decimal":
        return Typed(cast(f"trunc({coerce(value, DOUBLE).sql})", DOUBLE), DOUBLE)
    kind = decimal(max(1, value.type.size[0] - value.type.size[1]), 0)
    return Typed(cast(f"trunc({value.sql})", kind), kind)


def _truncated_decimal(value: Typed, digits: int) -> Typed:
    if value.type.name != "decimal":
        raise UnexpectedParametersError(f"Unexpected parameters ({value.type}, integer) for function truncate")
    if digits < 0:
        raise NotSupportedError("function truncate with negative digits")
    kept = min(digits, value.type.size[1])
    return Typed(cast(cast(f"trunc({value.sql}, {kept})", value.type), value.type), value.type)


@written("sign(number) -> number")
def _sign(call: Call) -> Typed:
    value = _one_number(call)
    kind = decimal(1, 0) if value.type.name == "decimal" else value.type
    text = cast(f"sign({value.sql})", kind)
    if not is_float(kind):
        return Typed(text, kind)
    return Typed(f"CASE WHEN isnan({value.sql}) OR {value.sql} = 0 THEN {value.sql} ELSE {text} END", kind)


@written("mod(number, number) -> number")
def _mod(call: Call) -> Typed:
    if len(call.args) != 2:
        raise call.unexpected("two numbers")
    return arithmetic("modulus", *call.args)


@written("abs(number) -> number")
def _abs(call: Call) -> Typed:
    value = _one_number(call)
    return Typed(f"abs({value.sql})", value.type)


def _doubles(*names: str) -> list[Function]:
    return [declared(f"{name}(double) -> double", f"{name}({{0}})") for name in names]


FUNCTIONS = [
    _abs,
    _to_whole("ceil", "ceil"),
    _to_whole("ceiling", "ceil"),
    _to_whole("floor", "floor"),
    _round,
    _truncate,
    _sign,
    _mod,
    *_doubles("sqrt", "exp", "ln", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"),
    declared("cbrt(double) -> double", "trino_cbrt({0})"),
    declared("human_readable_seconds(double) -> varchar", "trino_readable_seconds({0})"),
    declared("bit_count(bigint, bigint) -> bigint", "trino_bit_count({0}, {1})"),
    *(
        function
        for name in ("random", "rand")
        for function in (
            declared(f"{name}() -> double", "random()"),
            declared(f"{name}(integer) -> integer", "CAST(trino_random_below({0}) AS INTEGER)"),
            declared(f"{name}(bigint) -> bigint", "CAST(trino_random_below({0}) AS BIGINT)"),
            declared(f"{name}(integer, integer) -> integer", "CAST(trino_random_between({0}, {1}) AS INTEGER)"),
            declared(f"{name}(bigint, bigint) -> bigint", "CAST(trino_random_between({0}, {1}) AS BIGINT)"),
        )
    ),
    declared("uuid() -> uuid", "uuid()"),
    declared("degrees(double) -> double", "degrees({0})"),
    declared("radians(double) -> double", "radians({0})"),
    declared("atan2(double, double) -> double", "atan2({0}, {1})"),
    declared("log2(double) -> double", "(ln({0}) / ln(2::DOUBLE))"),
    declared("log(double, double) -> double", "(ln({1}) / ln({0}))"),
    declared("power(double, double) -> double", "pow({0}, {1})"),
    declared("pow(double, double) -> double", "pow({0}, {1})"),
    declared("pi() -> double", "pi()"),
    declared("e() -> double", "exp(1::DOUBLE)"),
    declared("infinity() -> double", "CAST('Infinity' AS DOUBLE)"),
    declared("nan() -> double", "CAST('NaN' AS DOUBLE)"),
    declared("is_nan(double) -> boolean", "isnan({0})"),
    declared("is_infinite(double) -> boolean", "isinf({0})"),
    declared("is_finite(double) -> boolean", "isfinite({0})"),
    declared("width_bucket(double, double, double, bigint) -> bigint", "trino_width_bucket({args})"),
    declared("bitwise_and(bigint, bigint) -> bigint", "({0} & {1})"),
    declared("bitwise_or(bigint, bigint) -> bigint", "({0} | {1})"),
    declared("bitwise_xor(bigint, bigint) -> bigint", "xor({0}, {1})"),
    declared("bitwise_not(bigint) -> bigint", "(~ {0})"),
    declared("to_base(bigint, bigint) -> varchar", "trino_to_base({0}, {1})"),
    declared("from_base(varchar, bigint) -> bigint", "trino_from_base({0}, {1})"),
]
