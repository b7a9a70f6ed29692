"""Partition projection: partitions computed from table properties.

https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.athena.embedded.tables.pruning import Pruner, names_in
from localaws.athena.entries.hive_table import HiveTable, is_projected
from localaws.athena.entries.partitions import Partition, partitions_of
from localaws.athena.errors import QueryError, UnsupportedError

if TYPE_CHECKING:
    from localaws.glue.catalog import Catalog

MOST = 1_000_000
_NOW = re.compile(r"NOW\s*(?:(?P<sign>[+-])\s*(?P<count>\d+)\s*(?P<unit>[A-Z]+))?", re.IGNORECASE)
_TOKENS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
_PATTERN = re.compile(r"yyyy|MM|dd|HH|mm|ss|'[^']*'|[^A-Za-z']")
_UNITS = {
    "SECOND": timedelta(seconds=1),
    "MINUTE": timedelta(minutes=1),
    "HOUR": timedelta(hours=1),
    "DAY": timedelta(days=1),
    "WEEK": timedelta(weeks=1),
}


@dataclass(frozen=True)
class _Key:
    """One projected key; ``properties`` are those under ``projection.<name>.``."""

    name: str
    properties: dict[str, str]

    def required(self, name: str) -> str:
        if name not in self.properties:
            raise _invalid(f"projection.{self.name}.{name} is missing")
        return self.properties[name]


def wanted_partitions(catalog: Catalog, table: HiveTable, pruner: Pruner) -> list[Partition]:
    """The partitions that can satisfy the query's WHERE."""
    if is_projected(table):
        return [Partition(values, location, table) for values, location in projected_partitions(table, pruner)]
    partitions = partitions_of(catalog, table)
    return [partitions[i] for i in pruner.kept(table.partition_keys, [p.values for p in partitions])]


def projected_partitions(table: HiveTable, pruner: Pruner) -> Iterator[tuple[tuple[str, ...], str]]:
    """Values and location of each partition that can satisfy WHERE; each key is filtered before keys are combined."""
    choices: list[list[str]] = []
    for name, kind in table.partition_keys:
        prefix = f"projection.{name}."
        properties = {k[len(prefix) :]: v for k, v in table.parameters.items() if k.lower().startswith(prefix)}
        values = _values(_Key(name, properties), pruner)
        kept = pruner.kept(((name, kind),), [(value,) for value in values])
        choices.append([values[i] for i in kept])
    total = 1
    for values in choices:
        total *= len(values)
    if total > MOST:
        raise _invalid(f"{table.database}.{table.name} projects {total} partitions; at most {MOST} are read here")
    rows = list(product(*choices))
    for i in pruner.kept(table.partition_keys, rows):
        yield rows[i], _location(table, rows[i])


def _location(table: HiveTable, values: tuple[str, ...]) -> str:
    named = dict(zip((name for name, _ in table.partition_keys), values, strict=True))
    template = table.parameters.get("storage.location.template")
    if not template:
        return "/".join([table.location.rstrip("/"), *(f"{name}={value}" for name, value in named.items())])

    def value_of(match: re.Match[str]) -> str:
        if match[1].lower() not in named:
            raise _invalid(f"storage.location.template names {match[0]}, which is not a partition key")
        return named[match[1].lower()]

    return re.sub(r"\$\{([^}]+)\}", value_of, template)


def _values(key: _Key, pruner: Pruner) -> list[str]:
    kind = key.required("type").strip().lower()
    if kind == "enum":
        return key.required("values").split(",")
    if kind == "integer":
        return _integers(key)
    if kind == "date":
        return list(_dates(key))
    if kind == "injected":
        return _injected(key, pruner)
    raise _invalid(f"projection.{key.name}.type is {kind}; allowed are enum, integer, date and injected")


def _integers(key: _Key) -> list[str]:
    low, high = (int(bound) for bound in _range(key))
    digits = int(key.properties.get("digits", "1"))
    step = int(key.properties.get("interval", "1"))
    if (high - low) // step > MOST:
        raise _invalid(f"projection.{key.name}.range has more than {MOST} values")
    return [f"{'-' if n < 0 else ''}{abs(n):0{digits}}" for n in range(low, high + 1, step)]


def _range(key: _Key) -> list[str]:
    bounds = [bound.strip() for bound in key.required("range").split(",")]
    if len(bounds) != 2:
        raise _invalid(f"projection.{key.name}.range is {key.properties['range']!r}; two bounds were expected")
    return bounds


def _dates(key: _Key) -> Iterator[str]:
    pattern = key.required("format")
    python_format = _python_format(pattern)
    first, last = (_bound(key, bound, python_format) for bound in _range(key))
    unit = key.properties.get("interval.unit") or _precision(key, pattern)
    step = int(key.properties.get("interval", "1"))
    current, number = first, 0
    while current <= last:
        yield current.strftime(python_format)
        number += step
        if number > MOST:
            raise _invalid(f"projection.{key.name}.range has more than {MOST} values")
        current = _later(first, number, unit)


def _python_format(pattern: str) -> str:
    parts = _PATTERN.findall(pattern)
    if "".join(parts) != pattern:
        raise UnsupportedError(f"projection date format {pattern}")
    return "".join(_TOKENS.get(part, part.strip("'").replace("%", "%%")) for part in parts)


def _precision(key: _Key, pattern: str) -> str:
    if any(token in pattern for token in ("HH", "mm", "ss")):
        raise _invalid(f"projection.{key.name}.interval.unit is missing")
    if "dd" in pattern:
        return "DAYS"
    return "MONTHS" if "MM" in pattern else "YEARS"


def _bound(key: _Key, text: str, python_format: str) -> datetime:
    match = _NOW.fullmatch(text)
    if not match:
        try:
            return datetime.strptime(text, python_format)
        except ValueError:
            raise _invalid(
                f"projection.{key.name}.range has the bound {text!r}, which does not match projection.{key.name}.format"
            ) from None
    now = datetime.now(UTC).replace(tzinfo=None)
    # values have the format's precision, so the bound from which they are counted needs it too
    now = datetime.strptime(now.strftime(python_format), python_format)
    if not match["sign"]:
        return now
    return _later(now, int(match["sign"] + match["count"]), match["unit"])


def _later(start: datetime, count: int, unit: str) -> datetime:
    name = unit.upper().removesuffix("S")
    if name in _UNITS:
        return start + count * _UNITS[name]
    if name not in ("MONTH", "YEAR"):
        raise _invalid(f"{unit} is not a unit of a date projection")
    months = start.year * 12 + start.month - 1 + count * (12 if name == "YEAR" else 1)
    year, month = divmod(months, 12)
    following = datetime(year + (month == 11), (month + 1) % 12 + 1, 1)
    last_day = (following - timedelta(days=1)).day
    return start.replace(year=year, month=month + 1, day=min(start.day, last_day))


def _injected(key: _Key, pruner: Pruner) -> list[str]:
    for part in pruner.conditions:
        if names_in(part) == {key.name} and (values := _equal_to(part)):
            return values
    raise QueryError(
        "CONSTRAINT_VIOLATION",
        f"For the injected projected partition column {key.name}, the WHERE clause must contain only static equality "
        "conditions, and at least one such condition must be present",
    )


def _equal_to(part: exp.Expression) -> list[str]:
    if isinstance(part, exp.EQ):
        sides = [part.this, part.expression]
    elif isinstance(part, exp.In) and part.expressions:
        sides = [part.this, *part.expressions]
    else:
        return []
    literals = [side.this for side in sides if isinstance(side, exp.Literal)]
    return [str(text) for text in literals] if len(literals) == len(sides) - 1 else []


def _invalid(message: str) -> QueryError:
    return QueryError("HIVE_INVALID_METADATA", message)
