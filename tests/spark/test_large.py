"""Large inputs get other plans than small ones, which give the same tables and keep clustered rows clustered."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from raw_folder import START, put_ranking
from world import World, fresh_world, part_of

from estrela.etl import tuning
from estrela.etl.loaders.by_partition import is_read_by_partition
from estrela.etl.transformers.refined import fact_rows
from estrela.etl.tuning import FOR_LARGE, settings

DAYS = 2
STAR = part_of("fact_complaints", "fact_fees")


def fees(price: int, services: int = 40) -> bytes:
    """Return the fees of a bank."""
    record = {"Servico": "Saque", "Unidade": "", "DataVigencia": "2022-01-01", "Periodicidade": ""}
    rows = [
        {**record, "CodigoServico": f"{code:04}", "ValorMaximo": price + code, "TipoValor": "Real"}
        for code in range(services)
    ]
    return json.dumps({"value": rows}).encode()


def filled(world: World) -> World:
    """Publish two quarters, and the fees of three banks on each day, in ``world`` and return it."""
    put_ranking(world.raw, "2020T1", A=3, B=4)
    put_ranking(world.raw, "2020T2", A=5)
    for day in range(DAYS):
        for bank in ("00000003", "00000001", "00000002"):
            request = {"cnpj": bank, "person_type": "J"}
            world.raw.put("fees", request, fees(price=1 + day), at=START + timedelta(days=day))
    world.run("one")
    return world


@pytest.fixture(scope="module")
def large(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A lake built by the plans for large inputs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuning, "SMALL_BYTES", 0)
        return filled(fresh_world(spark, tmp_path_factory.mktemp("large"), STAR))


def test_the_tables_are_those_that_plans_for_small_inputs_give(
    spark: SparkSession, tmp_path: Path, large: World
) -> None:
    assert large.contents() == filled(fresh_world(spark, tmp_path, STAR)).contents()


def test_a_partition_is_one_file_in_the_order_of_its_keys(large: World) -> None:
    rows = large.table("fact_fees").select("snapshot_date", "_file", "_pos", "institution_key", "service_key").collect()
    assert len({row["snapshot_date"] for row in rows}) == DAYS
    assert len({row["_file"] for row in rows}) == len({f"{row['snapshot_date']:%Y-%m}" for row in rows}) == 1
    rows.sort(key=lambda row: (row["_file"], row["_pos"]))
    keys = [(row["_file"], row["institution_key"], row["service_key"]) for row in rows]
    assert keys == sorted(keys)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda rows: rows, True),
        (lambda rows: rows.select((F.col("ceiling") + 1).alias("more"), "snapshot_date").where("more > 1"), True),
        (lambda rows: rows.join(F.broadcast(rows.select("service_code").distinct()), "service_code", "left"), True),
        (lambda rows: rows.withColumn("snapshot_date", F.date_add("snapshot_date", 1)), False),
        (lambda rows: rows.repartition("snapshot_date"), False),
        (lambda rows: rows.groupBy("service_code").agg(F.max("snapshot_date").alias("snapshot_date")), False),
        (lambda rows: rows.union(rows), False),
    ],
    ids=["as it is", "filtered", "looked up", "another value", "shuffled", "grouped", "two tables"],
)
def test_rows_are_read_by_partition_until_something_moves_them(
    large: World, change: Callable[[DataFrame], DataFrame], expected: bool
) -> None:
    with settings(large.spark, FOR_LARGE):
        assert is_read_by_partition(change(large.table("fees")), ["snapshot_date"]) is expected


def test_lookups_leave_the_rows_of_a_day_where_they_are_read(large: World) -> None:
    fact = next(candidate for candidate in large.star.facts if candidate.name == "fact_fees")
    dimensions = {lookup.dimension.name: large.table(lookup.dimension.name) for lookup in fact.lookups}
    with settings(large.spark, FOR_LARGE):
        rows = fact_rows(fact, {"fees": large.table("fees")}, dimensions)
        assert is_read_by_partition(rows, ["snapshot_date"])
        # A task reads one day, so the rows of a month have to be shuffled together.
        assert not is_read_by_partition(rows, fact.partition_by)


def test_rows_are_read_by_partition_only_with_its_columns_and_settings(large: World) -> None:
    rows = large.table("fees")
    assert not is_read_by_partition(rows, ["snapshot_date"])
    with settings(large.spark, FOR_LARGE):
        assert not is_read_by_partition(rows, ["snapshot_date", "cnpj_root"])
        assert not is_read_by_partition(rows, [])
