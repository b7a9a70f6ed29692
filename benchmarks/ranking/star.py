"""The work as Estrela declares it: the ranking, in which negative numbers are refused, and the listed institutions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from estrela.model import Column, Dimension, Fact, Lookup, Tolerance, Whole, between, not_null, reconcile
from estrela.model.star import assemble
from estrela.stars.banking.ranking import complaints
from estrela.stars.banking.sources import segments

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def members(segments: DataFrame) -> DataFrame:
    """Return the institutions of the list."""
    return segments.selectExpr("cnpj_root", "institution_name AS name", "segment")


def rows(ranking: DataFrame) -> DataFrame:
    """Return the rows unchanged: the work is the lookup."""
    return ranking


layout = next(candidate for candidate in complaints.layouts if candidate.name == "A")
layout = replace(
    layout,
    fields=tuple(
        replace(field, parse=Whole(signed=False)) if isinstance(field.parse, Whole) else field
        for field in layout.fields
    ),
)
filled = {*layout.constants, *(field.column for field in layout.fields)}
ranking = replace(
    complaints,
    name="ranking",
    columns=tuple(column for column in complaints.columns if column.name in filled),
    layouts=(layout,),
    tolerance=Tolerance(rows=0.02),
)
dim_institution = Dimension(
    name="dim_institution",
    doc="Listed institutions",
    sources=(segments,),
    transform=members,
    columns=(
        Column("cnpj_root", "string", "CNPJ root"),
        Column("name", "string", "Name"),
        Column("segment", "string", "Segment"),
    ),
    business_key=("cnpj_root",),
    checks=(not_null("name"),),
)
fact_ranking = Fact(
    name="fact_ranking",
    doc="The ranking with the keys of listed institutions",
    sources=(ranking,),
    transform=rows,
    columns=ranking.all_columns,
    lookups=(Lookup(dim_institution, on=("cnpj_root",)),),
    grain=("year", "quarter", "source_line"),
    partition_by=("year", "quarter"),
    sort_by=("institution_key",),
    checks=(between("total", 0), reconcile("total", ranking, "total")),
)
star = assemble("ranking", [fact_ranking])
