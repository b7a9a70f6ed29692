"""A row with many columns: its rejects name the field, and its plan can still be compiled."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from reading import csv_source, fields, typed

from estrela.etl import tuning
from estrela.etl.readers.lines import reading
from estrela.etl.star_tables import StarTables
from estrela.etl.transformers.shuffled import shuffled
from estrela.etl.tuning import tuned
from estrela.model import Date, Number, Text, Timestamp, Whole

COPIES = 4
PARSERS = {
    "whole": Whole(),
    "day": Date(),
    "due": Date("dd/MM/yyyy"),
    "price": Number("."),
    "total": Number(","),
    "seen": Timestamp(),
    "note": Text(),
}
SOUND = ["12", "2024-02-29", "31/12/2024", "1.50", "1,5", "2024-01-01 10:00:00", "a"]
BAD = {
    "whole": ("1.5", "a whole number is allowed"),
    "day": ("2024-2-29", "a date yyyy-MM-dd is allowed"),
    "due": ("31/12/2024x", "a date dd/MM/yyyy is allowed"),
    "price": ("1.505", "a number with decimal mark '.' that fits decimal(18,2) is allowed"),
    "total": ("1.5", "a number with decimal mark ',' that fits decimal(18,2) is allowed"),
    "seen": ("2024-01-01", "a date and time yyyy-MM-dd HH:mm:ss is allowed"),
}


@pytest.mark.parametrize("size", [0, tuning.SMALL_BYTES], ids=["interpreted", "compiled"])
def test_each_bad_field_of_a_wide_row_is_rejected_for_its_own_reason(
    spark: SparkSession, tmp_path: Path, size: int
) -> None:
    names = [f"{name}_{copy}" for copy in range(COPIES) for name in PARSERS]
    source = csv_source(**fields(**{name: PARSERS[name[:-2]] for name in names}))
    expected, rows = [], []
    for name, (value, reason) in ((name, BAD[name[:-2]]) for name in names if name[:-2] in BAD):
        row = SOUND * COPIES
        row[names.index(name)] = value
        expected.append((len(rows) + 2, name, value, reason))
        rows.append(";".join(row))
    # If two fields are invalid, the first is named.
    rows += [";".join(SOUND * COPIES), rows[-1].replace("12", "x", 1)]
    expected.append((len(rows) + 1, "whole_0", "x", BAD["whole"][1]))

    with tuned(spark, size), reading(spark):
        judged = typed(spark, tmp_path, source, "\n".join([";".join(names), *rows, ""]).encode()).rows
        collected = (
            shuffled(judged, ["source_line"], StarTables("shop").trusted(source)).orderBy("source_line").collect()
        )

    rejects = [(row["source_line"], row["_reject"]) for row in collected if row["_reject"]]
    assert [(line, reject["column_name"], reject["value"], reject["reason"]) for line, reject in rejects] == expected
    assert [row["source_line"] for row in collected if not row["_reject"]] == [len(rows)]
