"""Guarantees for every declared table of every star, tested without a test of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import pytest
import sqlglot
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from estrela.etl.java_classes import keep_classes
from estrela.etl.quality.audit import run_checks
from estrela.etl.star_tables import StarTables
from estrela.etl.transformers.refined import dimension_rows, fact_rows, own_checks
from estrela.etl.tuning import tuned
from estrela.model import CsvSource, Download, Field, Layout, Text
from estrela.model.check import Between, Check, Expression, NotNull, OneOf, Reconcile, Unique, check_name
from estrela.model.column import Column
from estrela.model.mart import Mart
from estrela.model.star import load, star_names
from estrela.model.table import SESSION, UNKNOWN_KEY, Dimension, Fact, Table

# Names are distinct within a star only: two stars may both have a calendar.
STARS = [load(name) for name in star_names()]
TABLES = [(star.name, table) for star in STARS for table in star.tables]
FACTS = [(star.name, fact) for star in STARS for fact in star.facts]
MARTS = [(star.name, mart) for star in STARS for mart in star.marts]
SOURCES = [(star.name, source) for star in STARS for source in star.sources]
WIDER = {"int": "bigint"}
NAMED = {"ids": lambda value: value if isinstance(value, str) else value.name}
ROW_CHECKS = [
    (f"{star}-{table.name}", table.all_columns, check) for star, table in TABLES for check in own_checks(table)
]
ROW_CHECKS += [
    (f"{star}-{source.name}", source.all_columns, check) for star, source in SOURCES for check in source.checks
]
IDS = [f"{name}-{check_name(check)}-{at}" for at, (name, _, check) in enumerate(ROW_CHECKS)]
Built = Mapping[str, Mapping[str, DataFrame]]
"""Tables by star and name."""


shops = CsvSource(
    "shops", "Stands in for a fact's sources", "shops", Download("https://x.test/y.csv"),
    (Column("code", "string", "Code"),), (Layout("v1", (Field("Code", "code", Text()),)),),
)  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def few_rows(spark: SparkSession) -> Iterator[None]:
    """Spark with a step's settings for few rows: compiling plans would take ten times as long as running them."""
    keep_classes(spark)
    with tuned(spark, 0):
        yield


def as_it_is(shops: DataFrame) -> DataFrame:
    return shops


def empty(spark: SparkSession, columns: Iterable[Column]) -> DataFrame:
    return spark.createDataFrame([], ", ".join(f"`{column.name}` {column.type}" for column in columns))


@pytest.fixture(scope="module")
def built(spark: SparkSession) -> Built:
    """Each table of empty sources, computed once: dimensions first, since facts look their members up."""
    tables: dict[str, dict[str, DataFrame]] = {star.name: {} for star in STARS}
    for star, table in sorted(TABLES, key=lambda declared: isinstance(declared[1], Fact)):
        sources = {source.name: empty(spark, source.all_columns) for source in table.sources}
        if isinstance(table, Fact):
            rows = fact_rows(table, sources, tables[star])
        else:
            rows = dimension_rows(table, sources or {SESSION: spark})
        tables[star][table.name] = rows.localCheckpoint()
    return tables


@pytest.mark.parametrize(("star", "table"), TABLES, **NAMED)
def test_empty_sources_give_the_declared_schema_and_the_unknown_member(built: Built, star: str, table: Table) -> None:
    rows = built[star][table.name]

    columns = [(field.name, field.dataType.simpleString()) for field in rows.schema.fields]
    assert columns == [(column.name, column.type) for column in table.all_columns]
    if isinstance(table, Dimension):
        assert rows.where(f"{table.key} = {UNKNOWN_KEY} AND {table.durable_key} = {UNKNOWN_KEY}").count() == 1
    # A dimension without sources, such as a calendar, has the same members whatever the sources contain.
    assert not table.sources or rows.count() == (1 if isinstance(table, Dimension) else 0)


@pytest.mark.parametrize(("star", "fact"), FACTS, **NAMED)
def test_a_member_that_no_dimension_knows_gets_key_0_and_no_row_is_lost(
    spark: SparkSession, built: Built, star: str, fact: Fact
) -> None:
    types = {column.name: column.type for column in fact.columns}
    types |= {lookup.as_of: "date" for lookup in fact.lookups if lookup.as_of}
    known = {"date": "1999-12-31", "timestamp": "1999-12-31"}
    asked = {name for lookup in fact.lookups for name in (*lookup.on, lookup.as_of)}
    strange = spark.range(3).select(
        *[
            F.lit(known.get(types.get(name, "string"), "0") if name in asked else None)
            .cast(types.get(name, "string"))
            .alias(name)
            for name in fact.transformed
        ]
    )
    stand_in = replace(fact, sources=(shops,), transform=as_it_is, increment=None)
    rows = fact_rows(stand_in, {"shops": strange}, built[star])

    assert rows.count() == 3
    assert rows.where(" OR ".join(f"{lookup.key} <> 0" for lookup in fact.lookups)).count() == 0


@pytest.mark.parametrize(("name", "columns", "check"), ROW_CHECKS, ids=IDS)
def test_each_check_fails_on_a_bad_row(
    spark: SparkSession, name: str, columns: tuple[Column, ...], check: Check
) -> None:
    rows = bad_rows(spark, check, columns)
    source = rows.limit(0)
    if isinstance(check, Reconcile):
        source = empty(spark, check.source.all_columns)

    (result,) = run_checks(rows, [check], lambda _: source)

    assert result.rows_failed > 0, f"{name}: {check} cannot fail"
    assert 1 <= len(result.examples) <= 5


def bad_rows(spark: SparkSession, check: Check, columns: Iterable[Column]) -> DataFrame:
    """Return rows that ``check`` must refuse: NULL except in the columns that it reads."""
    types = {column.name: column.type for column in columns}
    values: dict[str, object] = {}
    match check:
        case Unique(names):
            values = dict.fromkeys(names)
        case OneOf(column, _):
            values = {column: "no such value"}
        case Between(column, low, _) if low is not None:
            values = {column: int(low) - 1}
        case Between(column, _, high):
            values = {column: int(high or 0) + 1}
        case Expression(bad=bad):
            values = dict(bad)
        case Reconcile(column, _, _):
            values = {column: 1}
        case NotNull():
            values = {}
    selected = [F.lit(values.get(name)).cast(type_).alias(name) for name, type_ in types.items()]
    return spark.range(2).select(*selected)


@pytest.mark.parametrize(("star", "mart"), MARTS, **NAMED)
def test_each_mart_gives_its_declared_columns(spark: SparkSession, built: Built, star: str, mart: Mart) -> None:
    for table in mart.uses:
        built[star][table.name].createOrReplaceTempView(table.name)
    query = mart.sql.format_map({table.name: table.name for table in mart.uses})
    rows = spark.sql(sqlglot.transpile(query, read="athena", write="spark")[0])

    columns = {field.name: field.dataType.simpleString() for field in rows.schema.fields}
    declared = {column.name: column.type for column in mart.columns}
    assert list(columns) == list(declared)
    # Spark counts ranks as int, Athena as bigint.
    assert {name: WIDER.get(kind, kind) for name, kind in columns.items()} == declared


@pytest.mark.parametrize(("star", "table"), [*TABLES, *SOURCES], **NAMED)
def test_each_table_and_column_says_what_it_is(star: str, table: object) -> None:
    tables = StarTables(star)
    spec = tables.refined(table) if isinstance(table, Dimension | Fact) else tables.trusted(table)  # type: ignore[arg-type]

    assert spec.doc
    assert all(len(column.doc) > 3 for column in spec.columns)
