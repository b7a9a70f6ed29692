"""Field parsers: texts and the values parsed from them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from estrela.errors import DefinitionError
from estrela.etl.transformers.fields import form, value
from estrela.model.accepted import allowed
from estrela.model.parse import Boolean, Date, Digits, Number, Ordinal, Parser, Prefix, Text, Timestamp, Whole

CASES: dict[str, tuple[Parser, str, dict[str, object]]] = {
    "whole": (
        Whole(),
        "bigint",
        {
            "1234": 1234, "-5": -5, "007": 7, "-0": 0, "-007": -7, "9223372036854775807": 2**63 - 1,
            "1.234": None, "+5": None, "": None, "1.23": None, ".5": None, "1,5": None, "12a": None, "1e3": None,
            "9223372036854775808": None, "\u0661": None, "1\u00a0": None, "\t5": None, "1\0": None, "1\n": None,
            "67.0": None,
        },
    ),
    "whole with dots": (
        Whole(grouping="."),
        "bigint",
        {"1234": 1234, "1.234": 1234, "-1.234.567": -1234567, "1.23": None, "12.34.567": None, "1,234": None},
    ),
    "whole with apostrophes": (Whole(grouping="'"), "bigint", {"1'234": 1234, "12'34": None, "1.234": None}),
    "whole without a minus": (Whole(False), "int", {"5": 5, "0": 0, "-5": None, "-0": None, "2147483648": None}),
    "whole in a decimal": (
        Whole(grouping="."), "decimal(18,0)", {"1.234": Decimal(1234), "12": Decimal(12), "1.5": None}),
    "number": (
        Number(","),
        "decimal(18,2)",
        {
            "1234,56": Decimal("1234.56"), "0,5": Decimal("0.50"), "7": Decimal("7.00"), "1,500": Decimal("1.50"),
            "-0,01": Decimal("-0.01"), "00,5": Decimal("0.50"), "7,0": Decimal("7.00"), "-0": Decimal("0.00"),
            "1,234": None, "1.234,56": None, "1.5": None, "1,005": None, "7,": None, ",5": None, "": None, "+1": None,
            "1e3": None, "1,2,3": None, " 1": None, "1\n": None,
        },
    ),
    "number with dots": (
        Number(",", grouping="."),
        "decimal(18,2)",
        {"1.234,56": Decimal("1234.56"), "1234,5": Decimal("1234.50"), "1.23,4": None, "1.234.56": None, "1.5": None},
    ),
    "number with a point": (
        Number("."),
        "decimal(18,2)",
        {
            "10000000.00": Decimal("10000000.00"), "0.0005": None,
            "1234567890123456.78": Decimal("1234567890123456.78"),
            "12345678901234567.8": None, "1,234.50": None, "2.50": Decimal("2.50"), "NaN": None,
        },
    ),
    "number in a small decimal": (Number("."), "decimal(9,8)", {"0.00000001": Decimal("0.00000001"), "1E-8": None}),
    "number in a double": (Number("."), "double", {"1.5": 1.5, "7": 7.0, "NaN": None, "Infinity": None, "1e3": None}),
    "digits": (
        Digits(8),
        "string",
        {"123": "00000123", "12345678": "12345678", "123456789": None, "12a": None, "12\n": None},
    ),
    "ordinal": (Ordinal(1, 4), "int", {"1º": 1, "4o": 4, "2\ufffd": 2, "5º": None, "": None, "1 de 4": None}),
    "prefix": (
        Prefix({"Top ": "top", "Demais": "others"}),
        "string",
        {"Top 10": "top", "Demais b": "others", "X": None, "": None},
    ),
    "boolean": (
        Boolean(("S", "1"), ("N", "0")),
        "boolean",
        {"S": True, "1": True, "N": False, "0": False, "s": None, "true": None, "": None},
    ),
    "date": (
        Date(),
        "date",
        {
            "2020-01-31": date(2020, 1, 31), "2024-02-29": date(2024, 2, 29), "2020-02-30": None, "2020-1-1": None,
            "2020-01-01T00:00:00": None, "20-01-01": None, "20200-01-01": None, "01/02/2020": None, "2020": None,
            "2020-01": None, "2020-01-01\n": None, "": None,
        },
    ),
    "date of days first": (
        Date("dd/MM/yyyy"),
        "date",
        {"31/01/2020": date(2020, 1, 31), "30/02/2020": None, "1/2/2020": None, "2020-01-31": None, "31/01/20": None},
    ),
    "date with short parts": (
        Date("d.M.yyyy"),
        "date",
        {"1.2.2020": date(2020, 2, 1), "01.12.2020": date(2020, 12, 1), "1-2-2020": None, "32.1.2020": None},
    ),
    "date without separators": (Date("yyyyMMdd"), "date", {"20200131": date(2020, 1, 31), "20200132": None}),
    "timestamp": (
        Timestamp(),
        "timestamp",
        {"2020-01-31 23:59:58": datetime(2020, 1, 31, 23, 59, 58), "2020-01-31 24:00:00": None, "2020-01-31": None},
    ),
    "timestamp of a zone": (
        Timestamp("dd/MM/yyyy H:mm", zone="America/Sao_Paulo"),
        "timestamp",
        {"31/01/2020 9:05": datetime(2020, 1, 31, 12, 5), "31/01/2020 9:5": None, "31/02/2020 09:05": None},
    ),
    "timestamp with an offset": (
        Timestamp("yyyy-MM-dd'T'HH:mm:ss.SX"),
        "timestamp",
        {
            "2020-01-31T09:05:06.123Z": datetime(2020, 1, 31, 9, 5, 6, 123000),
            "2020-01-31T09:05:06.1-03:00": datetime(2020, 1, 31, 12, 5, 6, 100000),
            "2020-01-31T09:05:06.1+0530": datetime(2020, 1, 31, 3, 35, 6, 100000),
            "2020-01-31T09:05:06.1": None, "2020-01-31 09:05:06.1Z": None,
        },
    ),
    "text": (
        Text(),
        "string",
        {
            "Banco  do\tBrasil": "Banco  do\tBrasil", "a\xa0b": "a\xa0b", "\ta\xa0": "a", "\t": None, "": None,
            "São João": "São João", "nº 1": "nº 1", "İstanbul": "İstanbul", "x \u0096 y": "x \x96 y", "a\n": "a",
            "\x1fa\x1c": "a", "\x1e": None,
        },
    ),
    "text in single spaces": (
        Text(collapse=True),
        "string",
        {
            "Banco  do\tBrasil": "Banco do Brasil", "a\xa0b": "a b", "a\x0bb": "a b", "a\x1db": "a b", "\ta\n": "a",
            "\t": None,
        },
    ),
    "text with its ends": (Text(trim=False), "string", {" a  b\t": " a  b\t", " \t\xa0": None, "\x1f": None, "": None}),
}  # fmt: skip


def parsed(spark: SparkSession, parser: Parser, type_: str, texts: list[str]) -> dict[str, object]:
    frame = spark.createDataFrame([(text,) for text in texts], "text string")
    formed = frame.withColumn("formed", form("text", parser, type_))
    rows = formed.select("text", value("text", "formed", parser, type_).alias("value")).collect()
    return {row["text"]: row["value"] for row in rows}


@pytest.mark.parametrize("name", CASES)
def test_a_field_gives_its_value_or_nothing(spark: SparkSession, name: str) -> None:
    parser, type_, expected = CASES[name]
    values = parsed(spark, parser, type_, list(expected))
    if type_ == "timestamp":
        values = {text: time.astimezone(UTC).replace(tzinfo=None) if time else None for text, time in values.items()}  # type: ignore[attr-defined]
    assert values == expected


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.decimals(-(10**15), 10**15, places=2), min_size=1, max_size=50, unique=True))
def test_every_decimal_is_read_with_or_without_its_last_zeros(spark: SparkSession, numbers: list[Decimal]) -> None:
    texts = {f"{number:f}".replace(".", ","): number for number in numbers}
    texts |= {f"{number:f}".rstrip("0").rstrip(".").replace(".", ","): number for number in numbers}
    texts = {text: number for text, number in texts.items() if text not in ("-0", "-")}
    assert parsed(spark, Number(","), "decimal(18,2)", list(texts)) == texts


def test_what_is_allowed_names_the_declared_separators() -> None:
    assert allowed(Whole(signed=False, grouping="."), "int") == (
        "a whole number without a minus and thousands separator '.' is allowed"
    )
    assert allowed(Number(","), "decimal(18,2)") == "a number with decimal mark ',' that fits decimal(18,2) is allowed"
    assert allowed(Boolean(("S",), ("N",)), "boolean") == "one of these words is allowed: S, N"
    assert allowed(Timestamp(), "timestamp") == "a date and time yyyy-MM-dd HH:mm:ss is allowed"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Date("dd/MM/yy"), "Date: pattern 'dd/MM/yy' contains 'yy'; allowed: yyyy, MM, M, dd, d"),
        (lambda: Date("yyyy-MM"), "Date: pattern 'yyyy-MM' lacks the day"),
        (lambda: Date("d/dd/yyyy M"), "Date: pattern 'd/dd/yyyy M' contains the day twice"),
        (lambda: Timestamp("yyyy-MM-dd HH"), "Timestamp: pattern 'yyyy-MM-dd HH' lacks the minute"),
        (lambda: Number(".", grouping="."), "Number: '.' is both decimal mark and thousands separator"),
        (lambda: Whole(grouping="x"), "Whole: thousands separator 'x'; allowed: '', '.', ',', ' ', \"'\", '_'"),
        (lambda: Boolean(("S",), ("S",)), "Boolean: 'S' is declared as both true and false"),
        (lambda: Text(trim=False, collapse=True), "Text: collapse=True requires trim=True"),
    ],
)  # fmt: skip
def test_a_parser_that_contradicts_itself_is_refused(make: object, message: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        make()  # type: ignore[operator]
    assert str(refused.value) == message
