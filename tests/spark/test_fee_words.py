"""Texts of the fee lists, as analysts see them."""

from __future__ import annotations

from datetime import date

import pytest
from pyspark.sql import DataFrame, SparkSession

from estrela.stars.banking import dim_service, fact_fees
from estrela.stars.banking.sources import fees

COLUMNS = ", ".join(f"{column.name} {column.type}" for column in fees.all_columns)
GIVEN = {"snapshot_date": date(2022, 7, 1), "person_type": "J", "service_code": "0101", "service_name": "Cadastro"}


def fee(spark: SparkSession, *rows: dict[str, object]) -> DataFrame:
    names = [column.name for column in fees.all_columns]
    return spark.createDataFrame([tuple({**GIVEN, **row}.get(name) for name in names) for row in rows], COLUMNS)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (("por operacao", "Por Operação", "por operação", "POR OPERACAO"), "Por operação"),
        (("Por Cheque", "por cheque"), "Por cheque"),
        (("a cada 365 dias",), "A cada 365 dias"),
        ((None,), None),
    ],
)
def test_spellings_of_a_unit_are_unified(spark: SparkSession, written: tuple[str, ...], read: str) -> None:
    rows = fact_fees.transform(fee(spark, *({"unit": unit} for unit in written)))
    assert {row.unit for row in rows.collect()} == {read}


def test_every_group_of_the_fee_lists_has_a_name_and_a_new_one_its_number(spark: SparkSession) -> None:
    codes = [f"{group:02}01" for group in range(1, 19)]
    rows = dim_service.transform(fee(spark, *({"service_code": code} for code in codes))).collect()
    names = {row.group_code: row.group_name for row in rows}
    assert [name for group, name in sorted(names.items()) if name.startswith("grupo")] == ["grupo 18"]
    assert (names["08"], names["13"]) == ("crédito", "transferência de recursos")
