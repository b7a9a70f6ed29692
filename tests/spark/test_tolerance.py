"""Tolerance of rejected rows, by rows or by a measure; messages about a sensitive column."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from reading import csv_source, fields, read, typed
from world import TABLES

from estrela.errors import DefinitionError
from estrela.etl.accounts.row_count import NO_ROWS, RowCount, counted_rows
from estrela.etl.quality.audit import run_checks
from estrela.model import Text, Tolerance, Whole, between, unique

COUNTED = fields(code=Text(), complaints=Whole(), year=Whole())
BODY = b"code;complaints;year\n" + b"".join(b"%d;1;2020\n" % at for at in range(98)) + b"98;60;202O\n99;42;2020\n"


def test_one_rejected_row_may_be_a_large_part_of_the_measure(spark: SparkSession, tmp_path: Path) -> None:
    source = csv_source(**COUNTED)
    rows = typed(spark, tmp_path, source, BODY, b"code;complaints;year\n1;1;2020\n2;x;2020\n").rows
    counts = counted_rows(rows, "complaints")

    assert counts == {
        0: RowCount(100, 1, weight=Decimal(200), weight_rejected=Decimal(60)),
        1: RowCount(2, 1, weight=Decimal(1), weight_rejected=Decimal(0), unweighed=1),
    }
    assert not counts[0].exceeds(Tolerance(rows=0.02))
    assert counts[0].exceeds(Tolerance(rows=0.02, measure="complaints"))
    assert not counts[0].exceeds(Tolerance(rows=0.3, measure="complaints"))
    assert counts[0].exceeds(Tolerance())
    assert counts[1].exceeds(Tolerance(rows=0.9, measure="complaints")), "its measure cannot be read"
    assert not NO_ROWS.exceeds(Tolerance())


def test_a_measure_is_a_number_of_the_source_and_needs_a_share() -> None:
    with pytest.raises(DefinitionError, match="tolerance names 'code', which is not a column"):
        csv_source(**COUNTED, tolerance=Tolerance(rows=0.1, measure="code"))
    with pytest.raises(DefinitionError, match="measure 'complaints' has no effect without rows above 0"):
        Tolerance(measure="complaints")


def test_a_sensitive_value_is_in_no_reject_and_in_no_example(spark: SparkSession, tmp_path: Path) -> None:
    source = csv_source(**fields(code=Whole(), secret=Whole()))
    code, secret = source.columns
    source = replace(source, columns=(code, replace(secret, sensitive=True)))
    body = b"code;secret\n1;4711x\n2;\n3;4711;9\nx;4711\n5;4711\n5;4711\n"
    outcome = read(spark, tmp_path, source, body)
    whole = "the row has 3 fields, but 2 are declared and the others must be blank"

    assert outcome.reasons() == [
        (2, "secret", "(sensitive)", "a whole number is allowed"),
        (4, "", "(sensitive)", whole),
        (5, "code", "x", "a whole number is allowed"),
    ]
    assert {row["_reject"]["raw_line"] for row in outcome.rejects} == {"(sensitive)"}

    rows = typed(spark, tmp_path / "again", source, body).rows.where("_reject IS NULL").drop("_reject", "_file")
    results = run_checks(rows, (between("secret", 5000), unique("code", "secret")), lambda _: rows, {"secret"})
    shown = [example for check in results for example in check.examples]
    assert shown
    assert all("secret=(sensitive)" in example and "4711" not in example for example in shown)
    assert TABLES.trusted(source).columns[1].sensitive
    assert rows.where(F.col("secret") == 4711).count() == 2, "the table holds the values"
