"""PySpark written by hand as well as possible: one scan for the trusted rows and the rejects, no UDF, no inferred type,
values compared with their text instead of regular expressions, rows shuffled together by partition before they are
written.
"""

from __future__ import annotations

import json
from time import perf_counter
from typing import TYPE_CHECKING, Any

from contest.session import data_files

from wide.star import CUSTOMER, FIELDS, PRODUCT, fact_sales, sales
from wide.work import HEADER, Output, Work

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

HEADERS = HEADER.split(";")
TEXTS = [f"text_{name}" for name in HEADERS]
REJECTS = "source_file string, source_line bigint, column_name string, value string, reason string, raw_line string"
ACCOUNTS = "source_file string, rows_in bigint, rows_loaded bigint, rows_rejected bigint"
PROPERTIES = """
TBLPROPERTIES ('format-version' = '2', 'write.parquet.compression-codec' = 'zstd', 'write.distribution-mode' = 'none')
"""
LINE_BITS = (1 << 33) - 1
SETTINGS = {
    "spark.sql.files.maxPartitionBytes": "1g",
    "spark.sql.files.openCostInBytes": "1g",
    # Otherwise the generated code of the scan would be a method too large for Java to compile.
    "spark.sql.codegen.hugeMethodLimit": "8000",
}


def run(spark: SparkSession, work: Work) -> Output:
    """Write all tables."""
    from pyspark.sql import Observation
    from pyspark.sql import functions as F

    start = perf_counter()
    create(spark)
    keys = {name: dimension(spark, path, name) for name, path in _lists(work).items()}
    small = perf_counter()
    # The plan of the scan depends on the first two settings: one task reads one file, so that its lines can be
    # numbered.
    for name, value in SETTINGS.items():
        spark.conf.set(name, value)
    rows = conformed(read(spark, work))
    seen = Observation()
    reject = F.when(F.col("column_name").isNotNull(), F.struct(*[part.split()[0] for part in REJECTS.split(", ")]))
    observed = rows.observe(seen, F.to_json(F.collect_list(reject)).alias("rejects"))
    columns = [column.name for column in sales.all_columns]
    write(observed.where("column_name IS NULL").select(*columns), "lake.best.sales", "customer_code")
    rejected: list[dict[str, Any]] = json.loads(seen.get["rejects"])
    spark.createDataFrame(rejected, REJECTS).coalesce(1).writeTo("lake.best.rejects").append()
    account(spark)
    middle = perf_counter()
    write(fact(spark.table("lake.best.sales"), keys), "lake.best.fact", "customer_key")
    seconds = {"lists": small - start, "sales": middle - small, "fact": perf_counter() - middle}
    return Output(
        *[data_files(spark, f"lake.best.{name}") for name in ("sales", "fact", "rejects", "accounts")], seconds
    )


def _lists(work: Work) -> dict[str, Any]:
    return {"customer": work.customers, "product": work.products}


def create(spark: SparkSession) -> None:
    """Create the empty tables."""
    spark.sql("CREATE NAMESPACE IF NOT EXISTS lake.best")
    columns = {"sales": sales.all_columns, "fact": fact_sales.all_columns}
    tables = {
        name: ", ".join(f"{column.name} {column.type}" for column in several) for name, several in columns.items()
    }
    for name, schema in {**tables, "rejects": REJECTS, "accounts": ACCOUNTS}.items():
        by = "PARTITIONED BY (quarter)" if name in tables else ""
        spark.sql(f"CREATE TABLE lake.best.{name} ({schema}) USING iceberg {by} {PROPERTIES}")


def dimension(spark: SparkSession, path: Any, name: str) -> DataFrame:
    """Write the list and the dimension built from it; return code and key."""
    from pyspark.sql import functions as F

    code = {"customer": CUSTOMER, "product": PRODUCT}[name].name
    schema = f"{code} string, {name}_name string, {name}_other string"
    rows = spark.read.csv(str(path), sep=";", header=True, schema=schema).withColumn("source_file", F.lit(path.name))
    rows.writeTo(f"lake.best.{name}s").using("iceberg").create()
    keyed = spark.table(f"lake.best.{name}s").drop("source_file").withColumn(f"{name}_key", F.xxhash64(code))
    keyed.sort(code).coalesce(1).writeTo(f"lake.best.dim_{name}").using("iceberg").create()
    return spark.table(f"lake.best.dim_{name}").select(code, f"{name}_key")


def read(spark: SparkSession, work: Work) -> DataFrame:
    """Return the fields of the files as text, NULL where they are blank or missing."""
    from pyspark.sql import functions as F

    schema = ", ".join(f"{name} string" for name in TEXTS)
    rows = spark.read.schema(schema).csv([str(path) for path in work.files.values()], sep=";", header=True, quote="")
    quarters = F.create_map(*[F.lit(text) for day, path in work.files.items() for text in (path.name, day)])
    return rows.select(
        "*",
        F.col("_metadata.file_name").alias("source_file"),
        (F.monotonically_increasing_id().bitwiseAND(F.lit(LINE_BITS)) + 2).alias("source_line"),
    ).withColumn("quarter", quarters[F.col("source_file")].cast("date"))


def conformed(rows: DataFrame) -> DataFrame:
    """Return the columns of the trusted rows and of the rejects; column_name is NULL for a valid row."""
    from pyspark.sql import functions as F

    values = {column.name: parsed(header, column.type) for column, header, *_ in FIELDS}
    typed = rows.select(
        "*",
        *[value.alias(name) for name, (value, _) in values.items()],
        F.current_timestamp().alias("fetched_at"),
    )  # fmt: skip
    faults = [
        F.when(
            ~F.coalesce(values[column.name][1], F.lit(False)) if required else ~values[column.name][1], F.lit(header)
        )
        for column, header, _, required in FIELDS
    ]
    short = F.col(TEXTS[-1]).isNull()
    judged = typed.withColumn("column_name", F.coalesce(F.when(short, ""), *faults))
    line = F.concat_ws(";", *[F.coalesce(name, F.lit("")) for name in TEXTS])
    named = F.create_map(*[part for name in HEADERS for part in (F.lit(name), F.col(f"text_{name}"))])
    bad = F.col("column_name").isNotNull()
    return judged.withColumns(
        {
            "raw_line": F.when(bad, F.when(short, F.regexp_replace(line, ";+$", "")).otherwise(line)),
            "value": F.when(bad, named[F.col("column_name")]),
            "reason": F.when(bad, F.when(short, "fields are missing").otherwise("is not allowed")),
        }
    )


def parsed(header: str, type_: str) -> tuple[Column, Column]:
    """Return the value of a field, and whether it is exact: written as text it must equal the original text."""
    from pyspark.sql import functions as F

    text = f"trim(text_{header})"
    if type_ == "string":
        return F.expr(f"nullif({text}, '')"), F.expr(f"{text} <> ''")
    if header == "Due":
        iso = f"concat(substr({text}, 7, 4), '-', substr({text}, 4, 2), '-', substr({text}, 1, 2))"
        # Written in the order of the text, the date must equal it, slashes included.
        again = f"concat(substr({iso}, 9, 2), '/', substr({iso}, 6, 2), '/', substr({iso}, 1, 4))"
        value = f"try_cast({iso} AS date)"
        return F.expr(value), F.expr(f"CAST({value} AS string) = {iso} AND {again} = {text}")
    if not type_.startswith("decimal"):
        value = f"try_cast({text} AS {type_})"
        return F.expr(value), F.expr(f"CAST({value} AS string) = {text}")
    plain = f"replace({text}, ',', '.')" if header in ("Tax", "Total") else text
    value = f"try_cast({plain} AS {type_})"
    return F.expr(value), F.expr(f"startswith(CAST({value} AS string), {plain}) AND NOT endswith({plain}, '.')")


def account(spark: SparkSession) -> None:
    """Write the number of rows of each file, and how many were loaded and rejected."""
    spark.sql(
        """INSERT INTO lake.best.accounts
        SELECT source_file, sum(loaded + rejected), sum(loaded), sum(rejected) FROM (
          SELECT source_file, count(*) AS loaded, 0 AS rejected FROM lake.best.sales GROUP BY source_file UNION ALL
          SELECT source_file, 0, count(*) FROM lake.best.rejects GROUP BY source_file) GROUP BY source_file"""
    )


def fact(rows: DataFrame, keys: dict[str, DataFrame]) -> DataFrame:
    """Return the rows with the keys of their customers and products, 0 if a list lacks them."""
    from pyspark.sql import functions as F

    for name, known in keys.items():
        code = f"{name}_code"
        rows = rows.join(F.broadcast(known), code, "left").withColumns(
            {f"{name}_key": F.coalesce(f"{name}_key", F.lit(0)), f"{name}_durable_key": F.xxhash64(code)}
        )
    return rows.select(*[column.name for column in fact_sales.all_columns])


def write(rows: DataFrame, table: str, order: str) -> None:
    """Append ``rows``, one file per partition, sorted."""
    rows.repartition("quarter").sortWithinPartitions("quarter", order).writeTo(table).append()
