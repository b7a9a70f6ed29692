"""Withdrawn answers disappear from the newest state, for every kind of reader, and stay in the history."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from pyspark.sql import SparkSession
from raw_folder import START
from world import World, fresh_world, part_of

EMPTY = json.dumps({"value": []}).encode()


def fees(*codes: str) -> bytes:
    record = {
        "Servico": "Saque",
        "Unidade": "",
        "DataVigencia": "2022-01-01",
        "ValorMaximo": 1,
        "TipoValor": "Real",
        "Periodicidade": "",
    }
    return json.dumps({"value": [{**record, "CodigoServico": code} for code in codes]}).encode()


def receive(world: World, cnpj: str, body: bytes, day: int) -> None:
    request = {"cnpj": cnpj, "person_type": "J"}
    world.raw.put("fees", request, body, at=START + timedelta(days=day))


def listed(world: World) -> dict[str, int]:
    """Return the number of services per CNPJ root in the mart."""
    return {row["cnpj_root"]: row["services_listed"] for row in world.mart("mart_free_services").collect()}


def days(world: World, table: str) -> list[tuple[str, int]]:
    rows = world.table(table).groupBy("snapshot_date").count().orderBy("snapshot_date").collect()
    return [(str(row["snapshot_date"]), row["count"]) for row in rows]


def test_a_bank_that_withdraws_its_fees_has_none_and_its_history_stays(spark: SparkSession, tmp_path: Path) -> None:
    world = fresh_world(spark, tmp_path, part_of("fact_fees", "fact_current_fees"))
    for cnpj in ("00000001", "00000002", "00000003"):
        receive(world, cnpj, fees("0101", "0102"), day=0)
    world.run("first")
    assert listed(world) == {"00000001": 2, "00000002": 2, "00000003": 2}

    receive(world, "00000001", EMPTY, day=5)
    world.raw.withdraw("fees", {"cnpj": "00000002", "person_type": "J"}, at=START + timedelta(days=5))
    receive(world, "00000003", fees("0101"), day=5)
    world.run("second")
    assert listed(world) == {"00000003": 1}
    assert days(world, "fact_fees") == [("2022-07-01", 6), ("2022-07-06", 1)]
    assert days(world, "fact_current_fees") == [("2022-07-06", 1)]
    assert world.table("files").where("rows_in <> rows_loaded + rows_rejected").isEmpty()

    receive(world, "00000001", fees("0101"), day=6)
    world.run("third")
    assert listed(world) == {"00000001": 1, "00000003": 1}
