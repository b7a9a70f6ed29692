"""A fact is recomputed only where an input changed, and equals a fact that is computed as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from shop_star import STAR, Shop, fact_month, fact_year, many, rebuilt, sales, tickets
from world import copied_lake, lake_in

from estrela.errors import QualityError, TransformError
from estrela.model import ByPartition
from estrela.model.star import assemble

DAYS = [date(2020, 12, 30), date(2020, 12, 31), date(2021, 1, 1), date(2021, 2, 1)]
KNOWN = [("a", "Alfa", "2020-06-01"), ("b", "Beta", "2020-06-01")]


@pytest.fixture(scope="module")
def built(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Four days of sales in three months and two years, built; tests continue with a copy."""
    return four_days(lake_in(spark, tmp_path_factory.mktemp("built")))


def four_days(spark: SparkSession) -> Shop:
    shop = Shop(spark)
    shop.observe(*KNOWN)
    shop.sell(many(DAYS))
    assert sorted(shop.build()) == sorted(table.name for table in STAR.tables)
    return shop


@pytest.fixture
def shop(built: Shop, tmp_path: Path) -> Shop:
    return replace(built, spark=copied_lake(built.spark, tmp_path))


@contextmanager
def taken_away(shop: Shop, paths: list[str]) -> Iterator[None]:
    """Run a block during which the data files do not exist: reading one fails."""
    loader = shop.spark._jvm.org.apache.iceberg.spark.Spark3Util
    io = loader.loadIcebergTable(shop.spark._jsparkSession, shop.refined(fact_month).identifier).io()
    contents = {path: io.newInputFile(path).newStream().readAllBytes() for path in paths}
    for path in paths:
        io.deleteFile(path)
    yield
    for path, content in contents.items():
        io.addFile(path, content)


def test_what_did_not_change_is_neither_read_nor_written(shop: Shop) -> None:
    tables = [shop.refined(fact_month), shop.refined(fact_year), shop.lake.tables.trusted(sales)]
    before = [shop.files(table) for table in tables]
    # The tickets of all years are read to check that none is duplicated, because the grain of fact_year lacks the year.
    untouched = [before[0]["{611}"], before[0]["{612}"]]
    untouched += [path for day, path in before[2].items() if day < "{2021"]
    shop.sell({DAYS[3]: tickets(7, 8, 9)})

    with taken_away(shop, untouched):
        assert sorted(shop.build()) == ["fact_month", "fact_year"]
    assert len(untouched) == 4
    after = [shop.files(table) for table in tables]
    changed = [{part for part in old if old[part] != new[part]} for old, new in zip(before, after, strict=True)]
    assert changed == [{"{613}"}, {"{2021}"}, {"{2021-02-01}"}]
    whole = rebuilt(shop, "whole")
    assert shop.rows() == whole.rows()
    assert checks(shop) == checks(whole)


def checks(shop: Shop) -> list[tuple[object, ...]]:
    return sorted(tuple(row) for row in shop.lake.read(shop.lake.tables.checks).collect())


def test_a_late_change_of_a_member_rebuilds_the_partitions_that_it_reaches(shop: Shop) -> None:
    month, year = shop.refined(fact_month), shop.refined(fact_year)
    before = shop.files(month), shop.files(year)
    shop.sell({DAYS[0]: tickets(1, 2, shop="b")})
    shop.build()
    apart = shop.files(month), shop.files(year)
    assert {part for part in apart[0] if apart[0][part] != before[0][part]} == {"{611}"}

    shop.observe(*KNOWN, ("a", "Alfa & Co.", "2021-01-01"))
    built = shop.build()

    assert "dim_shop" in built and {"fact_month", "fact_year"} <= {*built}
    after = shop.files(month), shop.files(year)
    assert {part for part in after[0] if apart[0][part] != after[0][part]} == {"{612}", "{613}"}
    assert {part for part in after[1] if apart[1][part] != after[1][part]} == {"{2021}"}
    assert shop.rows() == rebuilt(shop, "whole").rows()


def test_a_member_that_becomes_known_late_is_found_by_its_durable_key(shop: Shop) -> None:
    shop.sell({DAYS[2]: tickets(5, 6, shop="c")})
    shop.build()
    unknown = shop.lake.read(shop.refined(fact_month)).where("shop_key = 0")
    assert unknown.count() == 2

    shop.observe(*KNOWN, ("c", "Gama", "2021-03-01"))
    shop.build()
    assert shop.lake.read(shop.refined(fact_month)).where("shop_key = 0").isEmpty()
    assert shop.rows() == rebuilt(shop, "whole").rows()


def test_a_source_that_was_never_written_has_no_partitions(spark: SparkSession, tmp_path: Path) -> None:
    shop = Shop(lake_in(spark, tmp_path))
    shop.lake.ensure(shop.lake.tables.trusted(sales))
    shop.observe(*KNOWN)
    shop.build()
    shop.observe(*KNOWN, ("c", "Gama", "2021-03-01"))
    assert {"dim_shop", "dim_spelling"} <= {*shop.build()}

    shop.sell(many(DAYS))
    assert sorted(shop.build()) == ["fact_month", "fact_year"]
    assert shop.rows() == rebuilt(shop, "whole").rows()


def test_compaction_changes_no_inputs_and_other_code_changes_all(shop: Shop) -> None:
    for path in ("shop_trusted.sales", "shop_refined.fact_month", "shop_refined.dim_shop"):
        options = "options => map('rewrite-all', 'true')"
        shop.spark.sql(f"CALL lake.system.rewrite_data_files(table => '{path}', {options})").collect()
    compacted = shop.files(shop.refined(fact_month))
    assert shop.build() == []

    shop.sell({DAYS[3]: tickets(9)})
    shop.build()
    after = shop.files(shop.refined(fact_month))
    assert {part for part in after if compacted[part] != after[part]} == {"{613}"}
    rows = shop.rows()
    assert shop.build("other code") == [] and shop.rows() == rows


def test_a_withdrawn_day_and_an_expired_snapshot_leave_what_a_rebuild_gives(
    spark: SparkSession, tmp_path: Path
) -> None:
    shop = four_days(lake_in(spark, tmp_path))
    shop.sell({DAYS[1]: []})
    shop.build()
    assert shop.lake.read(shop.refined(fact_year)).where("sold_in = '2020'").count() == 2

    shop.sell({DAYS[0]: []})
    shop.sell({DAYS[2]: tickets(11)})
    newest = shop.lake.seen(shop.lake.tables.trusted(sales))
    every = shop.spark.table("lake.shop_trusted.sales.snapshots").select("snapshot_id").collect()
    ids = ", ".join(str(row[0]) for row in every if row[0] != newest)
    call = f"CALL lake.system.expire_snapshots(table => 'shop_trusted.sales', snapshot_ids => array({ids}))"
    shop.spark.sql(call).collect()
    shop.build()
    assert shop.rows() == rebuilt(shop, "whole").rows()


def test_checks_of_a_part_find_what_checks_of_the_whole_do(shop: Shop) -> None:
    shop.sell({DAYS[3]: tickets(1)})
    with pytest.raises(QualityError) as failed:
        shop.build()

    # Ticket 1 was also sold in 2020: only the check of the whole fact by year detects that.
    expected = "shop_refined.fact_year is not published: unique on ticket fails on 2 rows, for example ticket=1, n=2"
    assert str(failed.value) == expected


def test_a_row_outside_of_the_partitions_that_are_replaced_is_refused(shop: Shop) -> None:
    wrong = replace(fact_year, increment=ByPartition(sales, {"sold_in": "date_format(date_add(sold_on, 40), 'yyyy')"}))
    shop.star = assemble("shop", [replace(fact_month), wrong])
    shop.sell({DAYS[3]: tickets(9), DAYS[0]: tickets(1)})

    with pytest.raises(TransformError) as refused:
        shop.build()
    assert "fact_year: a row computed from some partitions of sales belongs to a partition of the fact" in str(
        refused.value
    )


NAMES = count()
TICKETS = st.lists(st.sampled_from("abc"), max_size=2)
ARRIVAL = st.dictionaries(st.sampled_from(DAYS), TICKETS, min_size=1, max_size=2)
OBSERVATIONS = st.lists(
    st.tuples(st.sampled_from("abA"), st.sampled_from(["Alfa", "Beta"]), st.sampled_from(["2020-12-31", "2021-02-01"])),
    max_size=3,
)


def first(day: date) -> int:
    """Return the first of the ticket numbers that are reserved for a day."""
    return 10 * (1 + (day - DAYS[0]) // timedelta(1))


# Members change in each way: a new version, a withdrawn member with sales, a new member, a new spelling.
MEMBERS_CHANGE = [
    [("a", "Alfa", "2020-06-01"), ("a", "Beta", "2020-12-31")],
    {DAYS[1]: [], DAYS[2]: ["b"]},
    [("A", "Beta", "2020-12-31"), ("b", "Beta", "2020-12-31")],
]
EXAMPLE, ANY = (Phase.explicit,), (Phase.explicit, Phase.generate, Phase.shrink)


@pytest.mark.slow
@pytest.mark.parametrize("phases", [EXAMPLE, pytest.param(ANY, marks=pytest.mark.long)], ids=["example", "any"])
def test_any_history_of_arrivals_corrections_and_withdrawals_equals_a_rebuild(
    spark: SparkSession, tmp_path_factory: pytest.TempPathFactory, phases: tuple[Phase, ...]
) -> None:
    @settings(max_examples=12, phases=phases, deadline=None, derandomize=True)
    @given(history=st.lists(st.one_of(ARRIVAL, OBSERVATIONS), min_size=3, max_size=4))
    @example(history=MEMBERS_CHANGE)
    def check(history: list[Any]) -> None:
        equals_a_rebuild(Shop(lake_in(spark, tmp_path_factory.mktemp("any"))), history)

    check()


def equals_a_rebuild(shop: Shop, history: list[Any]) -> None:
    """Build after each change of ``history``, and check that the result equals a full rebuild."""
    shop.observe(*KNOWN)
    shop.sell(many(DAYS[:2]))
    shop.build()
    for change in history:
        if isinstance(change, dict):
            shop.sell(
                {day: [(first(day) + at, code, at) for at, code in enumerate(codes)] for day, codes in change.items()}
            )
        else:
            shop.observe(*{(code, day): (code, name, day) for code, name, day in change}.values())  # type: ignore[attr-defined]
        shop.build()
        assert shop.rows() == rebuilt(shop, f"whole_{next(NAMES)}").rows()
