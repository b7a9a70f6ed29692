"""Spellings of institutions in the ranking, and the institution of each spelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from estrela.model import Column, Dimension, not_null
from estrela.stars.banking import institutions, ranking, sources

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def transform(complaints: DataFrame, segments: DataFrame) -> DataFrame:
    """Return one row per spelling. All quarters are needed: they contain the full names of damaged spellings."""
    return institutions.with_institution(complaints, segments).select("spelling", "institution_code").distinct()


dim_spelling = Dimension(
    name="dim_spelling",
    doc="Spellings of institutions in the ranking; a name with lost characters maps to the only name that matches",
    sources=(ranking.complaints, sources.segments),
    transform=transform,
    columns=(
        Column("spelling", "string", "CNPJ root, or the conglomerate's name in plain letters, _ for a lost character"),
        Column("institution_code", "string", "Code of the institution with this spelling"),
    ),
    business_key=("spelling",),
    checks=(not_null("institution_code"),),
)
