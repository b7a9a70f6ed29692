"""PySpark written by hand as well as possible: one scan for the typed rows and the rejects, no UDF, no inferred type,
rows shuffled together by partition before they are written, the looked-up rows computed from the typed ones.
"""

from __future__ import annotations

import json
from time import perf_counter
from typing import TYPE_CHECKING, Any

from contest.session import data_files

from ranking.work import Output, Work

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

COUNTS = ("upheld", "other", "unregulated", "total", "clients", "clients_ccs", "clients_scr")
FIELDS = ("ano", "trimestre", "categoria", "tipo", "cnpj", "nome", "indice", *(f"n_{name}" for name in COUNTS))
PROPERTIES = """
TBLPROPERTIES ('format-version' = '2', 'write.parquet.compression-codec' = 'zstd', 'write.distribution-mode' = 'none')
"""
TYPED = f"""
year int, quarter int, size_group string, kind string, cnpj_root string, institution_name string,
published_index decimal(18,2), {", ".join(f"{name} bigint" for name in COUNTS)}, source_file string
"""
REJECTS = "source_file string, reason string, raw_line string"


def run(spark: SparkSession, work: Work) -> Output:
    """Write the three tables."""
    from pyspark.sql import Observation
    from pyspark.sql import functions as F

    start = perf_counter()
    create(spark, "best")
    rows = conformed(read(spark, [str(path) for path in work.files.values()]))
    seen = Observation()
    reject = F.when(F.col("reason").isNotNull(), F.struct("source_file", "reason", "raw_line"))
    observed = rows.observe(seen, F.to_json(F.collect_list(reject)).alias("rejects"))
    write(observed.where("reason IS NULL").drop("reason", "raw_line"), "lake.best.typed", "institution_name")
    rejected: list[dict[str, Any]] = json.loads(seen.get["rejects"])
    spark.createDataFrame(rejected, REJECTS).coalesce(1).writeTo("lake.best.rejects").append()
    middle = perf_counter()
    write(looked_up(spark, spark.table("lake.best.typed"), work), "lake.best.looked_up", "institution_key")
    seconds = {"typed and rejects": middle - start, "looked up": perf_counter() - middle}
    typed, looked, rejects = (data_files(spark, f"lake.best.{name}") for name in ("typed", "looked_up", "rejects"))
    return Output(typed, looked, rejects, "reason", seconds)


def create(spark: SparkSession, database: str, properties: str = PROPERTIES) -> None:
    """Create the three empty tables."""
    spark.sql(f"CREATE NAMESPACE IF NOT EXISTS lake.{database}")
    by = "PARTITIONED BY (year, quarter)"
    spark.sql(f"CREATE TABLE lake.{database}.typed ({TYPED}) USING iceberg {by} {properties}")
    spark.sql(
        f"CREATE TABLE lake.{database}.looked_up (institution_key bigint, {TYPED}) USING iceberg {by} {properties}"
    )
    spark.sql(f"CREATE TABLE lake.{database}.rejects ({REJECTS}) USING iceberg {properties}")


def read(spark: SparkSession, paths: list[str]) -> DataFrame:
    """Return the files' fields as text, NULL where a line ends early."""
    from pyspark.sql import functions as F

    schema = ", ".join(f"{name} string" for name in (*FIELDS, "closing"))
    options = {"sep": ";", "header": "true", "encoding": "ISO-8859-1", "quote": ""}
    rows = spark.read.schema(schema).options(**options).csv(paths)
    return rows.withColumn("source_file", F.col("_metadata.file_name"))


def conformed(rows: DataFrame) -> DataFrame:
    """Return typed columns, reason (NULL for a valid row) and raw_line."""
    from pyspark.sql import functions as F

    def whole(name: str) -> Column:
        return F.expr(f"try_cast(n_{name} AS bigint)")

    short = F.col(f"n_{COUNTS[-1]}").isNull()
    cnpj, index = F.trim("cnpj"), F.trim("indice")
    plain = F.replace(F.replace(index, F.lit("."), F.lit("")), F.lit(","), F.lit("."))
    typed = rows.select(
        F.expr("try_cast(ano AS int)").alias("year"),
        F.expr("try_cast(substring(trimestre, 1, 1) AS int)").alias("quarter"),
        F.when(F.col("categoria").startswith("Top") | F.col("categoria").startswith("Mais"), "top")
        .otherwise("secondary")
        .alias("size_group"),
        F.when(F.col("tipo") == "Conglomerado", "conglomerate").otherwise("bank").alias("kind"),
        F.when(cnpj != "", cnpj).alias("cnpj_root"),
        F.trim("nome").alias("institution_name"),
        F.when(index != "", plain.cast("decimal(18,2)")).alias("published_index"),
        *[whole(name).alias(name) for name in COUNTS],
        "source_file",
        F.concat(F.concat_ws(";", *FIELDS), F.when(short, "").otherwise(";")).alias("raw_line"),
        short.alias("short"),
    )
    counts = [F.col(name) for name in COUNTS]
    reason = F.coalesce(
        F.when(F.col("short"), "missing_fields"),
        F.when(~F.coalesce(F.col("quarter").between(1, 4), F.lit(False)), "bad_quarter"),
        F.when(~F.coalesce(F.col("cnpj_root").rlike("^[0-9]{8}$"), F.lit(True)), "bad_cnpj"),
        *[F.when(count.isNull(), "not_a_number") for count in counts],
        *[F.when(count < 0, "negative_count") for count in counts],
    )
    return typed.withColumn("reason", reason).drop("short")


def looked_up(spark: SparkSession, typed: DataFrame, work: Work) -> DataFrame:
    """Return ``typed`` with institution_key, 0 if the list does not contain the institution."""
    from pyspark.sql import functions as F

    listed = spark.read.csv(
        str(work.segments), sep="\t", header=True, schema="segment string, cnpj string, name string"
    )
    cnpj = F.lpad("cnpj", 8, "0")
    keys = listed.select(cnpj.alias("listed"), F.xxhash64(cnpj).alias("institution_key"))
    joined = typed.join(F.broadcast(keys), F.col("cnpj_root") == F.col("listed"), "left").drop("listed")
    return joined.withColumn("institution_key", F.coalesce("institution_key", F.lit(0)))


def write(rows: DataFrame, table: str, order: str) -> None:
    """Append ``rows``, one file per partition, sorted."""
    rows.repartition("year", "quarter").sortWithinPartitions("year", "quarter", order).writeTo(table).append()
