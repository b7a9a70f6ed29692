"""Identity of institutions: one stable code for all spellings of a name, and the lead institution."""

from __future__ import annotations

import csv
import importlib.resources
from typing import TYPE_CHECKING

from estrela.frame import frame_of

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

ALIASES = "institution_aliases.csv"
LOST = "\ufffd"
_ACCENTED = "ÁÀÂÃÄÉÈÊËÍÌÎÏÓÒÔÕÖÚÙÛÜÇÑ"
_PLAIN = "AAAAAEEEEIIIIOOOOOUUUUCN"
_KIND_WORDS = r"\(CONGLOMERADO\)|- PRUDENCIAL$"


def aliases(spark: SparkSession) -> DataFrame:
    """Return the curated list: normalised name of a conglomerate, and CNPJ root of its lead institution."""
    text = (importlib.resources.files(__package__) / ALIASES).read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter=";", strict=True)
    leads = [{name: row[name] for name in ("conglomerate", "lead_cnpj_root")} for row in rows]
    return frame_of(spark, leads, "conglomerate string, lead_cnpj_root string")


def plain_name(name: Column) -> Column:
    """Return a name in upper-case ASCII letters and digits with single spaces; a lost character becomes ``_``."""
    from pyspark.sql import functions as F

    upper = F.translate(F.regexp_replace(F.upper(name), _KIND_WORDS, ""), _ACCENTED + LOST, _PLAIN + "_")
    return F.trim(F.regexp_replace(upper, "[^A-Z0-9_]+", " "))


def spelling() -> Column:
    """Return the identification of the institution in a row of the complaints: the CNPJ root, else the plain name."""
    from pyspark.sql import functions as F

    return F.coalesce("cnpj_root", plain_name(F.col("institution_name")))


def with_institution(complaints: DataFrame, segments: DataFrame) -> DataFrame:
    """Return ``complaints`` with the columns spelling and institution_code.

    The institution_code is the CNPJ root, or ``C:`` and the conglomerate's plain name. A name with lost characters is
    replaced by the only full name that matches it in other quarters, the segmentation list or the aliases. If none or
    several match, it is left unchanged, and the check on the code rejects it.
    """
    from pyspark.sql import functions as F

    named = complaints.withColumn("plain", plain_name(F.col("institution_name")))
    damaged = named.where(F.col("cnpj_root").isNull() & F.col("plain").contains("_"))
    whole = _whole_names(named, segments)
    repaired = (
        damaged.select(F.col("plain").alias("damaged"))
        .distinct()
        .join(F.broadcast(whole), F.expr("whole LIKE damaged"))
        .groupBy("damaged")
        .agg(F.min("whole").alias("whole"), F.count_distinct("whole").alias("n"))
        .where("n = 1")
    )
    joined = named.join(F.broadcast(repaired), F.col("plain") == F.col("damaged"), "left")
    conglomerate = F.concat(F.lit("C:"), F.coalesce("whole", "plain"))
    coded = joined.withColumns(
        {"spelling": F.coalesce("cnpj_root", "plain"), "institution_code": F.coalesce("cnpj_root", conglomerate)}
    )
    return coded.drop("plain", "damaged", "whole", "n")


def _whole_names(named: DataFrame, segments: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    own = named.where(F.col("cnpj_root").isNull()).select(F.col("plain").alias("whole"))
    listed = segments.select(plain_name(F.col("institution_name")).alias("whole"))
    curated = aliases(named.sparkSession).select(F.col("conglomerate").alias("whole"))
    return own.union(listed).union(curated).where(~F.col("whole").contains("_")).distinct()


def leads(conglomerates: DataFrame, segments: DataFrame, register: DataFrame) -> DataFrame:
    """Return (institution_code, lead_cnpj_root, lead_method) of the ``conglomerates`` whose lead institution is known.

    The aliases have priority, because they correct lists that name a holding company without clients of its own; then
    the register, then the segmentation list's ``- PRUDENCIAL`` names.
    """
    from pyspark.sql import functions as F

    prudential = segments.where(F.col("institution_name").endswith("- PRUDENCIAL"))
    curated = aliases(conglomerates.sparkSession).withColumnRenamed("conglomerate", "listed")
    known = [
        _listed(_newest(register).where(F.col("lead_cnpj_root").isNotNull()), "register", 2),
        _listed(prudential.withColumnRenamed("cnpj_root", "lead_cnpj_root"), "segmentation", 3),
        curated.select("listed", "lead_cnpj_root", F.lit("alias").alias("lead_method"), F.lit(1).alias("rank")),
    ]
    every = known[0].unionByName(known[1]).unionByName(known[2])
    names = conglomerates.select("institution_code", F.substring("institution_code", 3, 1000).alias("plain"))
    return (
        names.join(F.broadcast(every), F.expr("plain LIKE listed"))
        .groupBy("institution_code")
        .agg(F.min(F.struct("rank", "lead_cnpj_root", "lead_method")).alias("best"))
        .select("institution_code", "best.lead_cnpj_root", "best.lead_method")
    )


def _newest(register: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    newest = register.groupBy("institution_name").agg(F.max("year_month").alias("year_month"))
    return register.join(newest, ["institution_name", "year_month"])


def _listed(rows: DataFrame, method: str, rank: int) -> DataFrame:
    from pyspark.sql import functions as F

    return rows.select(
        plain_name(F.col("institution_name")).alias("listed"),
        "lead_cnpj_root",
        F.lit(method).alias("lead_method"),
        F.lit(rank).alias("rank"),
    ).where(F.col("listed") != "")
