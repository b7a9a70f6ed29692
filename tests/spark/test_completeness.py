"""Completeness: the received rows and files that a period lacks, in the table of operations and in every mart."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlglot
from pyspark.sql import SparkSession
from raw_folder import START, put_ranking, ranking
from world import TABLES, World, fresh_world, part_of

from estrela.errors import HeldBackError
from estrela.etl.accounts.account import HELD_BACK, LOADED, Account
from estrela.etl.accounts.gap import gap_of, newest
from estrela.etl.releases.mart_views import mart_sql
from estrela.model import Tolerance
from estrela.stars.banking.ranking import complaints
from estrela.stars.banking.sources import fees

AT = datetime(2026, 11, 1, tzinfo=UTC)


def gaps(world: World, table: str) -> list[tuple[object, ...]]:
    rows = world.table("completeness").where(f"table_name = '{table}'").drop("table_name", "source").collect()
    return sorted(map(tuple, rows))


def shares(world: World, mart: str) -> set[tuple[str, float]]:
    """Return the completeness of each period in the view of a mart, or of each row if the mart has no period."""
    declared = next(candidate for candidate in world.star.marts if candidate.name == mart)
    places = {table.name: TABLES.refined(table).identifier for table in declared.uses}
    sql = mart_sql(declared, places, TABLES.completeness.identifier)
    period = "quarter_code" if "quarter_code" in {column.name for column in declared.columns} else "person_type"
    frame = world.spark.sql(sqlglot.transpile(sql, read="athena", write="spark")[0])
    return {(row[period], row["completeness"]) for row in frame.select(period, "completeness").distinct().collect()}


def put_fees(world: World, rows: int, wrong: int) -> None:
    fee = {"Servico": "Cadastro", "DataVigencia": "2008-04-10", "ValorMaximo": 1, "TipoValor": "Real"}
    value = [{**fee, "CodigoServico": f"{at:04d}"} for at in range(rows)]
    value[:wrong] = [{**record, "ValorMaximo": "a lot"} for record in value[:wrong]]
    world.raw.put("fees", {"cnpj": "00000001", "person_type": "J"}, json.dumps({"value": value}).encode())


def test_every_mart_says_which_periods_lack_rows_or_files(world: World) -> None:
    put_ranking(world.raw, "2020T1", A=3)
    put_ranking(world.raw, "2020T2", A=5, B=2)
    put_fees(world, rows=200, wrong=0)
    world.run("one")
    assert world.table("completeness").count() == 0
    assert shares(world, "mart_bank_quarter") == {("2020T1", 1.0), ("2020T2", 1.0)}

    wrong = ranking("2020T2", A=5, B=2).replace(b";2;0;0;2;", b";two;0;0;2;")
    refused = world.raw.put("complaints", {"year": "2020", "quarter": "2"}, wrong, at=START + timedelta(hours=1))
    put_fees(world, rows=200, wrong=2)
    with pytest.raises(HeldBackError):
        world.publish("two")
    assert gaps(world, "fact_complaints") == [("", "", 1, 0, 3, 1, 1 / 3), ("quarter_code", "2020T2", 1, 0, 2, 0, 0.0)]
    assert gaps(world, "dim_quarter") == [("", "", 1, 0, 3, 1, 1 / 3)]
    assert gaps(world, "fact_fees") == [
        ("", "", 0, 0, 200, 198, 0.99),
        ("snapshot_date", "2022-07-01", 0, 0, 200, 198, 0.99),
    ]
    assert shares(world, "mart_bank_quarter") == {("2020T1", 1.0), ("2020T2", 0.0)}
    assert shares(world, "mart_service_fees") == {("J", 0.99)}
    counted = world.table("files").where("source = 'complaints'").select("state", "rows_in", "rows_loaded")
    assert sorted(map(tuple, counted.collect())) == [(HELD_BACK, 2, 0), (LOADED, 1, 1), (LOADED, 2, 2)]

    world.decide(refused.sha256, is_set_aside=True)
    world.publish("three")
    assert gaps(world, "fact_complaints")[1] == ("quarter_code", "2020T2", 0, 1, 2, 0, 0.0)


def test_complaints_tolerate_no_row_as_one_may_be_a_large_part_of_a_quarter(
    spark: SparkSession, tmp_path: Path
) -> None:
    world = fresh_world(spark, tmp_path, part_of("fact_complaints"))
    small = {f"BANK{at}": 1 for at in range(199)}
    file = ranking("2020T1", **small, LARGEST=150).replace(b";150;0;0;150;", b";150x;0;0;150;")
    world.raw.put("complaints", {"year": "2020", "quarter": "1"}, file)
    with pytest.raises(HeldBackError) as held:
        world.publish("one")
    assert str(held.value).endswith(
        "line 201, Quantidade de reclamações reguladas procedentes = '150x': a whole number is allowed"
    )
    assert world.table("fact_complaints").count() == 0


def account(state: str, rows: int | None, rejected: int | None, *measures: int, request: str = "a") -> Account:
    loaded = (rows or 0) - (rejected or 0) if state == LOADED else 0
    decimals = [Decimal(measure) for measure in measures]
    return Account("s", "s", request, 0, f"{state}{rows}", "", AT, 1, state, rows, loaded, rejected, *decimals)


def completeness(*accounts: Account) -> float | None:
    gap = gap_of("fact", "", "", accounts)
    return gap.completeness if gap else None


def test_a_measure_says_more_than_rows() -> None:
    assert completeness(account(LOADED, 100, 0)) is None
    assert completeness(account(LOADED, 100, 2)) == 0.98
    assert completeness(account(LOADED, 100, 2, 200, 88)) == pytest.approx(0.56)
    assert completeness(account(LOADED, 100, 2, 200, 0)) == 0.98
    assert completeness(account(LOADED, 90, 0, 50, 0), account(HELD_BACK, 10, 1, 50, 1)) == pytest.approx(0.5)
    assert completeness(account(LOADED, 90, 0), account(HELD_BACK, None, None)) == 0


def test_an_answer_that_stands_in_for_a_newer_one_does_not_count() -> None:
    old, new, other = account(LOADED, 5, 0), account(HELD_BACK, 6, 1), account(LOADED, 1, 0, request="b")
    assert newest(complaints, [old, new, other]) == [new, other]
    assert newest(replace(fees, tolerance=Tolerance()), [old, replace(new, fetched_at=AT + timedelta(1))])[0] == old
