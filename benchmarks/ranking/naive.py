"""PySpark as it is often written: inferred types, a Python UDF that parses a row, one count per check, one pass over
the files per result.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from contest.session import data_files

from bcb_mirror.bulk import BAD_KINDS
from ranking.best import COUNTS, REJECTS, TYPED, create, looked_up
from ranking.work import Output, Work

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

PARSED = f"{TYPED}, reason string, raw_line string"


def run(spark: SparkSession, work: Work) -> Output:
    """Write the three tables."""
    start = perf_counter()
    create(spark, "naive", "TBLPROPERTIES ('write.parquet.compression-codec' = 'zstd')")
    good = "reason IS NULL"
    for kind in BAD_KINDS:
        parsed(spark, work).where(f"reason = '{kind}'").count()
    checked = perf_counter()
    typed = parsed(spark, work).where(good).drop("reason", "raw_line")
    typed.sort("year", "quarter", "institution_name").writeTo("lake.naive.typed").append()
    names = [column.split()[0] for column in REJECTS.split(", ")]
    parsed(spark, work).where(f"NOT ({good})").select(*names).writeTo("lake.naive.rejects").append()
    keyed = looked_up(spark, parsed(spark, work).where(good).drop("reason", "raw_line"), work)
    keyed.sort("year", "quarter", "institution_key").writeTo("lake.naive.looked_up").append()
    seconds = {"checks": checked - start, "results": perf_counter() - checked}
    typed_files, looked, rejects = (
        data_files(spark, f"lake.naive.{name}") for name in ("typed", "looked_up", "rejects")
    )
    return Output(typed_files, looked, rejects, "reason", seconds)


def parsed(spark: SparkSession, work: Work) -> DataFrame:
    """Read and parse the rows of the files again."""
    from pyspark.sql import functions as F

    paths = [str(path) for path in work.files.values()]
    rows = spark.read.csv(paths, sep=";", header=True, inferSchema=True, encoding="ISO-8859-1")
    parse = F.udf(parse_row, PARSED)
    return rows.select(parse(F.struct(*rows.columns), F.col("_metadata.file_name")).alias("row")).select("row.*")


def parse_row(row: Any, file: str) -> tuple[Any, ...]:
    """Return the typed columns, the reason and the raw line of one row."""
    fields = [None if value is None else str(value) for value in list(row)[:14]]
    filled = [field for field in fields if field is not None]
    if len(filled) < 14:
        return (*[None] * (6 + 1 + len(COUNTS)), file, "missing_fields", ";".join(filled))
    reason = None
    quarter, cnpj, index = filled[1][:1], filled[4].strip() or None, filled[6].strip()
    if quarter not in "1234":
        reason = "bad_quarter"
    elif cnpj is not None and not (len(cnpj) == 8 and cnpj.isdigit()):
        reason = "bad_cnpj"
    counts: list[int | None] = []
    for text in filled[7:]:
        try:
            counts.append(int(text))
        except ValueError:
            counts.append(None)
            reason = reason or "not_a_number"
    if any(count is not None and count < 0 for count in counts):
        reason = reason or "negative_count"
    return (
        int(filled[0]), int(quarter), "top" if filled[2].startswith(("Top", "Mais")) else "secondary",
        "conglomerate" if filled[3] == "Conglomerado" else "bank", cnpj, filled[5].strip(), decimal(index),
        *counts, file, reason, ";".join(filled) + ";",
    )  # fmt: skip


def decimal(text: str) -> Any:
    from decimal import Decimal

    return Decimal(text.replace(".", "").replace(",", ".")) if text else None
