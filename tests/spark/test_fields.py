"""What the text of a field may look like, and which value it gives."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from estrela.etl.transformers.fields import form, value
from estrela.model.parse import Digits, Number, Ordinal, Parser, Prefix, Text, Whole

CASES: dict[str, tuple[Parser, str, dict[str, object]]] = {
    "whole": (
        Whole(),
        "bigint",
        {
            "1234": 1234, "1.234": 1234, "-1.234.567": -1234567, "-5": -5, "007": 7,
            "": None, "1.23": None, "12.34.567": None, ".5": None, "1,5": None, "12a": None, "1e3": None,
            "9223372036854775808": None,
        },
    ),
    "whole without a minus": (Whole(signed=False), "bigint", {"1.234": 1234, "5": 5, "-5": None, "-1.234": None}),
    "whole in a decimal": (Whole(), "decimal(18,0)", {"1.234": Decimal(1234), "12": Decimal(12), "1.5": None}),
    "number": (
        Number(","),
        "decimal(18,2)",
        {
            "1.234,56": Decimal("1234.56"), "0,5": Decimal("0.50"), "7": Decimal("7.00"), "1,500": Decimal("1.50"),
            "1,234": None, "1.23,4": None, "1.234.56": None, "": None,
        },
    ),
    "digits": (Digits(8), "string", {"123": "00000123", "12345678": "12345678", "123456789": None, "12a": None}),
    "ordinal": (Ordinal(1, 4), "int", {"1º": 1, "4o": 4, "2\ufffd": 2, "5º": None, "": None, "1 de 4": None}),
    "prefix": (
        Prefix({"Top ": "top", "Demais": "others"}),
        "string",
        {"Top 10": "top", "Demais b": "others", "X": None, "": None},
    ),
    "text": (
        Text(),
        "string",
        {
            "Banco  do\tBrasil": "Banco do Brasil", "a\xa0b": "a b", "a\x0bb": "a b", "\t": None, "": None,
            "São João": "São João", "nº 1": "nº 1", "İstanbul": "İstanbul", "x \u0096 y": "x \x96 y",
        },
    ),
    "text of Windows-1252": (
        Text(),
        "string",
        {
            "x \x96 y": "x \u2013 y", "\x93Alfa\x94": "\u201cAlfa\u201d", "S\xe3o  Jos\xe9": "São José",
            "nº\x92": "nº\u2019", "A\xff": "A\ufffd",
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_field_gives_its_value_or_nothing(spark: SparkSession, name: str) -> None:
    parser, type_, expected = CASES[name]
    texts = spark.createDataFrame([(text,) for text in expected], "text string")
    formed = texts.withColumn("formed", form(F.col("text"), parser, type_, latin="Windows" in name))

    found = formed.select("text", F.expr(value("text", "formed", parser, type_)).alias("value")).collect()

    assert {row["text"]: row["value"] for row in found} == expected
