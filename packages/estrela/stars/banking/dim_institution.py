"""Institutions: banks by CNPJ root, conglomerates by name, with their lead institution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from estrela.model import Column, Dimension, Scd2, expression, not_null, one_of
from estrela.stars.banking import institutions, ranking, sources

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def transform(
    complaints: DataFrame, segments: DataFrame, group_members: DataFrame, fees: DataFrame, register: DataFrame
) -> DataFrame:
    """Return an observation per institution and quarter, and an undated one for institutions only in the lists."""
    from pyspark.sql import functions as F

    seen = _seen(complaints, segments)
    listed = _listed(segments, group_members, fees)
    observations = seen.unionByName(listed)
    known = institutions.leads(
        observations.where(F.col("kind") == "conglomerate").select("institution_code").distinct(), segments, register
    )
    led = observations.join(known, "institution_code", "left").select(
        *observations.columns,
        F.coalesce("lead_cnpj_root", "cnpj_root").alias("lead_cnpj_root"),
        F.coalesce("lead_method", F.when(F.col("cnpj_root").isNotNull(), "own"), F.lit("unknown")).alias("lead_method"),
    )
    graded = segments.groupBy(F.col("cnpj_root").alias("lead_cnpj_root")).agg(F.min("segment").alias("segment"))
    return led.join(F.broadcast(graded), "lead_cnpj_root", "left")


def _seen(complaints: DataFrame, segments: DataFrame) -> DataFrame:
    """Return the ranking's rows per institution and quarter, each with the most complete spelling of the name."""
    from pyspark.sql import functions as F

    coded = institutions.with_institution(complaints, segments)
    months = F.make_date("year", F.col("quarter") * 3, F.lit(1))
    observed = coded.select(
        "institution_code", "cnpj_root", "kind", "size_group", F.last_day(months).alias("as_of"), "institution_name",
        institutions.plain_name(F.col("institution_name")).alias("plain"),
    )  # fmt: skip
    return _with_best_spelling(observed).select("institution_code", "cnpj_root", "kind", "name", "size_group", "as_of")


def _with_best_spelling(observed: DataFrame) -> DataFrame:
    """Replace every spelling of a name by the one with the most accents and no lost characters, so that a damaged copy
    does not look like a change of name.
    """
    from pyspark.sql import functions as F

    accents = F.length(F.regexp_replace("institution_name", "[\\x00-\\x7f\\ufffd]", ""))
    spelled = observed.select(
        "institution_code",
        F.col("plain").alias("other"),
        F.struct(-F.instr(F.col("plain"), "_"), accents, "institution_name").alias("spelling"),
    ).distinct()
    best = (
        observed.select("institution_code", "plain")
        .distinct()
        .join(spelled, "institution_code")
        .where(F.expr("other LIKE plain"))
        .groupBy("institution_code", "plain")
        .agg(F.max("spelling").alias("best"))
    )
    return observed.join(best, ["institution_code", "plain"]).withColumn("name", F.col("best.institution_name"))


def _listed(segments: DataFrame, group_members: DataFrame, fees: DataFrame) -> DataFrame:
    """Return the institutions in the lists or the fees, with their legal name, else their CNPJ as name."""
    from pyspark.sql import functions as F

    named = [
        group_members.select("cnpj_root", F.col("institution_name").alias("name"), F.lit(3).alias("trust")),
        segments.where(~F.col("institution_name").endswith("- PRUDENCIAL")).select(
            "cnpj_root", F.col("institution_name").alias("name"), F.lit(2).alias("trust")
        ),
        fees.select("cnpj_root", F.concat(F.lit("CNPJ "), "cnpj_root").alias("name"), F.lit(1).alias("trust")),
    ]
    union = named[0].unionByName(named[1]).unionByName(named[2])
    best = union.groupBy("cnpj_root").agg(F.max(F.struct("trust", "name")).alias("best"))
    return best.select(
        F.col("cnpj_root").alias("institution_code"),
        "cnpj_root",
        F.lit("bank").alias("kind"),
        F.col("best.name").alias("name"),
        F.lit(None).cast("string").alias("size_group"),
        F.lit(None).cast("date").alias("as_of"),
    )


dim_institution = Dimension(
    name="dim_institution",
    doc="Institutions and conglomerates, with a new version whenever the name or the size group changes",
    sources=(ranking.complaints, sources.segments, sources.group_members, sources.fees, sources.register),
    transform=transform,
    columns=(
        Column(
            "institution_code", "string", "CNPJ root, or C: and the conglomerate's name in plain upper-case letters"
        ),
        Column("cnpj_root", "string", "First 8 digits of the CNPJ, zero-padded; NULL for conglomerates"),
        Column("name", "string", "Name as published"),
        Column("kind", "string", "bank (any single institution) or conglomerate"),
        Column("size_group", "string", "Group in the ranking: top or secondary; NULL outside the ranking"),
        Column("segment", "string", "Prudential segment of the lead, S1 to S5; NULL if not listed"),
        Column("lead_cnpj_root", "string", "CNPJ root of the institution that leads it; NULL if not known"),
        Column("lead_method", "string", "How the lead was found: own, register, segmentation, alias, unknown"),
    ),
    business_key=("institution_code",),
    history=Scd2(tracked=("name", "size_group"), as_of="as_of"),
    checks=(
        not_null("name"),
        one_of("kind", ("bank", "conglomerate")),
        one_of("segment", sources.SEGMENTS),
        expression(
            "the code has no lost characters",
            "instr(institution_code, '_') = 0",
            "institution_code",
            bad={"institution_code": "C:CAIXA ECON_MICA"},
        ),
    ),
)
