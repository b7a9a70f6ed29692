"""Time zones: regions, which mean the same in DuckDB and Java, and fixed offsets."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from localaws.athena.embedded.sql.typed import text_literal
from localaws.athena.sql_errors import NotSupportedError, SqlError

_OFFSET = re.compile(r"([+-])(\d{1,2}):?(\d{2})?")


def zone_name(zone: str) -> str:
    """Trino's name of a zone: UTC, a region, or `+05:30`.

    Raises:
        NotSupportedError: abbreviations.
    """
    if zone.upper() in ("UTC", "Z", "+00:00", "-00:00", "+00", "-00"):
        return "UTC"
    if offset := _OFFSET.fullmatch(zone):
        hours, minutes = int(offset[2]), int(offset[3] or 0)
        if hours > 14 or minutes > 59:
            raise SqlError(f"Invalid offset time zone: {zone}")
        return f"{offset[1]}{hours:02d}:{minutes:02d}"
    if not re.fullmatch(r"[A-Z][A-Za-z_]+(/[A-Z][A-Za-z_-]+)+", zone):
        raise NotSupportedError(f"time zone '{zone}'")
    return zone


def zone_info(name: str) -> tzinfo:
    """The time zone for a name that `zone_name` returned."""
    minutes = _offset_minutes(name)
    return ZoneInfo(name) if minutes is None else timezone(timedelta(minutes=minutes))


def _offset_minutes(name: str) -> int | None:
    offset = _OFFSET.fullmatch(name)
    if offset is None:
        return None
    minutes = int(offset[2]) * 60 + int(offset[3])
    return -minutes if offset[1] == "-" else minutes


def utc_of(local: datetime, zone: str) -> datetime | None:
    """Convert a local time without zone to UTC: the earlier of two instants; None for a time that the zone skips.

    Equals Java's LocalDateTime.atZone, with which Trino reads literals.
    """
    instant = local.replace(tzinfo=zone_info(zone), fold=0).astimezone(UTC)
    if instant.astimezone(zone_info(zone)).replace(tzinfo=None) != local:
        return None
    return instant.replace(tzinfo=None)


def wall_clock(instant: str, zone: str) -> str:
    """The DuckDB TIMESTAMP that a TIMESTAMPTZ shows in a zone."""
    minutes = _offset_minutes(zone)
    if minutes is None:
        return f"({instant} AT TIME ZONE {text_literal(zone)})"
    return f"(({instant} AT TIME ZONE 'UTC') + to_minutes({minutes}))"


def offset_minutes(instant: str, zone: str) -> str:
    """The zone's offset from UTC at an instant, in minutes, as DuckDB BIGINT."""
    return f"((epoch_us({wall_clock(instant, zone)}) - epoch_us({instant} AT TIME ZONE 'UTC')) // 60000000)"
