"""Athena SQL of the views of marts, with the completeness of each row's period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from estrela.model.mart import COMPLETENESS, Mart
from estrela.model.partition import DatePart, PartitionField, column_of, valued
from estrela.model.table import Fact


@dataclass(frozen=True)
class Share:
    """The completeness of a fact for a row of a mart: an SQL expression, and the join that it needs, if any."""

    sql: str
    join: str = ""


def mart_sql(mart: Mart, places: Mapping[str, str], completeness: str) -> str:
    """Return the query of a mart; ``completeness`` is the FROM clause of the table of completeness."""
    shares = [_share(mart, fact, completeness, f"gap_{at}") for at, fact in enumerate(mart.facts)]
    columns = ", ".join(f'mart."{column.name}"' for column in mart.columns)
    lowest = ", ".join(share.sql for share in shares)
    share = f"least({lowest})" if len(shares) > 1 else lowest or "1"
    return (
        f"SELECT {columns}, CAST({share} AS double) AS {COMPLETENESS.name}\n"
        f"FROM (\n{mart.query(places).strip()}\n) mart{''.join(share.join for share in shares)}"
    )


def _share(mart: Mart, fact: Fact, completeness: str, alias: str) -> Share:
    lowest = f"min(completeness) AS completeness FROM {completeness} WHERE table_name = '{fact.name}'"
    shown, fields = mart.shown_partition(fact), valued(fact.partition_by)
    if not fields or not (shown or mart.period):
        return Share(f"coalesce((SELECT {lowest} AND column_name = ''), 1)")
    column = column_of(shown or fields[0])
    period = f"CAST({_value(shown)} AS varchar)" if shown else f"({mart.period})"
    gaps = f"SELECT period, {lowest} AND column_name = '{column}' GROUP BY period"
    return Share(f"coalesce({alias}.completeness, 1)", f"\nLEFT JOIN ({gaps}) {alias} ON {alias}.period = {period}")


def _value(field: PartitionField) -> str:
    """Return the first day of the date part, or the column itself, as SQL."""
    column = f'mart."{column_of(field)}"'
    return f"CAST(date_trunc('{field.unit}', {column}) AS date)" if isinstance(field, DatePart) else column
