"""The supported functions, and their names in PostgreSQL.

Functions of the schema ``rs`` are defined in ``bootstrap.sql``; PostgreSQL selects an overload by the types of the
arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from localaws.redshift.errors import SqlError, UnsupportedError

# PostgreSQL's function has the same result as Redshift's.
_SAME = (
    "abs bool_and bool_or btrim ceil ceiling char_length character_length coalesce count dense_rank exp first_value "
    "floor greatest lag last_value lead least length ln lower lpad ltrim max md5 min mod ntile nullif octet_length "
    "pg_backend_pid pow power random rank repeat replace reverse row_number rpad rtrim split_part sqrt strpos "
    "sum upper left right"
).split()
_OWN = (
    "avg charindex concat convert_timezone current_database last_day pg_last_copy_count "
    "pg_last_copy_id pg_last_query_id round sha2 trunc getdate sysdate"
).split()
_RENAMED = {"nvl": "coalesce", "len": "length", "textlen": "length", "substr": "rs.substring"}
NAMES: Mapping[str, str] = {
    **{name: name for name in _SAME},
    **{name: f"rs.{name}" for name in _OWN},
    **_RENAMED,
}
# These are written without parentheses, so the parser reads them as columns.
WITHOUT_PARENTHESES = {
    "current_date": "rs.current_day",
    "sysdate": "rs.sysdate",
    "current_user": "rs.session_user_name",
    "user": "rs.session_user_name",
    "current_schema": "current_schema",
}
_PARTS = {
    "year": "year years y yr yrs",
    "quarter": "quarter quarters qtr qtrs",
    "month": "month months mon mons",
    "week": "week weeks w",
    "day": "day days d",
    "hour": "hour hours h hr hrs",
    "minute": "minute minutes m min mins",
    "second": "second seconds s sec secs",
    "millisecond": "millisecond milliseconds ms msec msecs",
    "dow": "dow dayofweek weekday",
    "doy": "doy dayofyear",
    "epoch": "epoch",
}
_PART_OF = {name: part for part, names in _PARTS.items() for name in names.split()}
_ADDED = {"year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond"}
_COUNTED = {"year", "quarter", "month", "day", "hour", "minute", "second"}
_EXTRACTED = {"year", "quarter", "month", "week", "day", "hour", "minute", "dow", "doy"}
_TRUNCATED = {"year", "quarter", "month", "week", "day", "hour", "minute", "second"}
_TEMPLATE_PARTS = ("YYYY", "MON", "MM", "DD", "HH24", "MI", "SS")


def call(name: str, arguments: list[exp.Expression]) -> exp.Expression:
    """Translate a call of Redshift's function ``name``; raise UnsupportedError if it is not supported."""
    if special := _SPECIAL.get(name):
        return special(name, arguments)
    if name not in NAMES:
        raise UnsupportedError(f"function {name}", "is not on the list of supported functions")
    return call_of(NAMES[name], *arguments)


def call_of(name: str, *arguments: exp.Expression) -> exp.Expression:
    """A call of PostgreSQL's function ``name``."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def text(value: str) -> exp.Expression:
    """A text constant."""
    return exp.Literal.string(value)


def date_part(part: str, value: exp.Expression) -> exp.Expression:
    """Translate EXTRACT and DATE_PART, for parts that are whole numbers."""
    return call_of("rs.date_part", text(_part(part, _EXTRACTED, "date_part")), value)


def _part(name: str, allowed: set[str], function: str) -> str:
    part = _PART_OF.get(name.lower(), "")
    if not part:
        raise SqlError(f'{function}: "{name}" is not a date part')
    if part not in allowed:
        raise UnsupportedError(f"{function} with {name}")
    return part


def _first_part(arguments: list[exp.Expression], count: int, function: str) -> str:
    if len(arguments) != count:
        raise SqlError(f"function {function} takes {count} arguments, not {len(arguments)}")
    return arguments[0].name


def _dateadd(name: str, arguments: list[exp.Expression]) -> exp.Expression:
    part = _part(_first_part(arguments, 3, name), _ADDED, name)
    return call_of("rs.dateadd", text(part), *arguments[1:])


def _datediff(name: str, arguments: list[exp.Expression]) -> exp.Expression:
    part = _part(_first_part(arguments, 3, name), _COUNTED, name)
    return call_of("rs.datediff", text(part), *arguments[1:])


def _date_part(name: str, arguments: list[exp.Expression]) -> exp.Expression:
    return date_part(_first_part(arguments, 2, name), arguments[1])


def _date_trunc(name: str, arguments: list[exp.Expression]) -> exp.Expression:
    part = _part(_first_part(arguments, 2, name), _TRUNCATED, name)
    return call_of("rs.date_trunc", text(part), arguments[1])


def _decode(name: str, arguments: list[exp.Expression]) -> exp.Expression:
    """Translate DECODE; NULLs are equal: https://docs.aws.amazon.com/redshift/latest/dg/r_DECODE_expression.html."""
    if len(arguments) < 3:
        raise SqlError(f"function {name} takes 3 arguments or more, not {len(arguments)}")
    value, *rest = arguments
    pairs = list(zip(rest[::2], rest[1::2], strict=False))
    branches = [
        exp.If(this=exp.NullSafeEQ(this=value.copy(), expression=searched), true=result) for searched, result in pairs
    ]
    return exp.Case(ifs=branches, default=rest[-1] if len(rest) % 2 else None)


def _nvl2(name: str, arguments: list[exp.Expression]) -> exp.Expression:
    if len(arguments) != 3:
        raise SqlError(f"function {name} takes 3 arguments, not {len(arguments)}")
    value, otherwise, if_null = arguments
    return exp.Case(ifs=[exp.If(this=exp.Is(this=value, expression=exp.Null()), true=if_null)], default=otherwise)


def _to_date(name: str, arguments: list[exp.Expression]) -> exp.Expression:
    if len(arguments) != 2 or not arguments[1].is_string:
        raise UnsupportedError(f"{name} without a literal format")
    rest = arguments[1].name.upper()
    for part in _TEMPLATE_PARTS:
        rest = rest.replace(part, "")
    if rest.strip("-/:. "):
        raise UnsupportedError(f"{name} with the format {arguments[1].name}")
    return call_of("to_date", *arguments)


_SPECIAL: Mapping[str, Callable[[str, list[exp.Expression]], exp.Expression]] = {
    "dateadd": _dateadd,
    "date_add": _dateadd,
    "datediff": _datediff,
    "date_diff": _datediff,
    "date_part": _date_part,
    "date_trunc": _date_trunc,
    "decode": _decode,
    "nvl2": _nvl2,
    "to_date": _to_date,
}
