"""An answer received again after a different one: its rows and rejects count for each day of its validity."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from raw_folder import START
from world import World, fresh_world

from estrela.model.star import load
from estrela.stars.banking.sources import fees

ROWS = 100


@pytest.fixture
def world(spark: SparkSession, tmp_path: Path) -> World:
    """An empty lake with only the source of fees."""
    return fresh_world(spark, tmp_path, replace(load("banking"), sources=(fees,), dimensions=(), facts=(), marts=()))


def answer(price: int) -> bytes:
    """Return the fees of a bank, of which one has no valid type."""
    record = {
        "Servico": "Saque",
        "Unidade": "",
        "DataVigencia": "2022-01-01",
        "ValorMaximo": price,
        "Periodicidade": "",
    }
    types = ["Real"] * (ROWS - 1) + ["?"]
    return json.dumps(
        {"value": [{**record, "CodigoServico": f"{code:04}", "TipoValor": kind} for code, kind in enumerate(types)]}
    ).encode()


def receive(world: World, *days: int) -> None:
    for day in days:
        body = answer(price=1 + day % 2)
        world.raw.put("fees", {"cnpj": "00000001", "person_type": "J"}, body, at=START + timedelta(days=day))


@pytest.mark.parametrize("runs", [[(0, 1, 2)], [(0, 1), (2,)]], ids=["at once", "later"])
def test_every_day_keeps_its_rows_and_rejects(world: World, runs: list[tuple[int, ...]]) -> None:
    for number, days in enumerate(runs):
        receive(world, *days)
        world.run(f"run {number}")

    assert world.table("files").where("rows_in <> rows_loaded + rows_rejected").isEmpty()
    assert [row["count"] for row in world.table("fees").groupBy("snapshot_date").count().collect()] == [ROWS - 1] * 3
    assert world.table("rejects").where("source = 'fees' AND column_name = 'TipoValor'").count() == 3
