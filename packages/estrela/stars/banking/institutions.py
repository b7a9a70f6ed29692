"""Identity of institutions: one stable code for all spellings of one, and the institution that leads it."""

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
    """The curated list: normalised name of a conglomerate and CNPJ root of its lead."""
    text = (importlib.resources.files(__package__) / ALIASES).read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter=";", strict=True)
    leads = [{name: row[name] for name in ("conglomerate", "lead_cnpj_root")} for row in rows]
    return frame_of(spark, leads, "conglomerate string, lead_cnpj_root string")


def plain_name(name: Column) -> Column:
    """A name in upper-case ASCII letters and digits, single spaces; a lost character stays as ``_``."""
    from pyspark.sql import functions as F

    upper = F.translate(F.regexp_replace(F.upper(name), _KIND_WORDS, ""), _ACCENTED + LOST, _PLAIN + "_")
    return F.trim(F.regexp_replace(upper, "[^A-Z0-9_]+", " "))


def spelling() -> Column:
    """Return how a row of the complaints names its institution: the CNPJ root, else the plain name."""
    from pyspark.sql import functions as F

    return F.coalesce("cnpj_root", plain_name(F.col("institution_name")))


def with_institution(complaints: DataFrame, segments: DataFrame) -> DataFrame:
    """``complaints`` with spelling and institution_code: the CNPJ root, or ``C:`` and the conglomerate's plain name.

    A name with lost characters takes the one whole name that fits it, from other quarters, the segmentation list or
    the aliases; if none or several fit, it stays as it is, and the check on the code refuses it.
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
    """(institution_code, lead_cnpj_root, lead_method) of ``conglomerates`` (institution_code) whose lead is known.

    The aliases come first, since they correct the lists where these name a holding that offers nothing to clients;
    then the register, then the segmentation list's ``- PRUDENCIAL`` names.
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
