"""Complaints of an institution in a quarter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from estrela.model import ByPartition, Column, Fact, Lookup, between, expression, reconcile
from estrela.stars.banking import institutions, ranking
from estrela.stars.banking.dim_institution import dim_institution
from estrela.stars.banking.dim_quarter import dim_quarter
from estrela.stars.banking.dim_spelling import dim_spelling

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def transform(complaints: DataFrame) -> DataFrame:
    """Return the rows of the ranking with a recomputed index: upheld per million clients, truncated to 2 decimals."""
    from pyspark.sql import functions as F

    upheld = F.coalesce("extrapolated_upheld", "upheld")
    # Integer division gives hundredths, truncated and not rounded, as the Central Bank does.
    hundredths = F.expr("(coalesce(extrapolated_upheld, upheld) * 100000000L) div nullif(clients, 0L)")
    return complaints.select(
        institutions.spelling().alias("spelling"),
        F.format_string("%dT%d", "year", "quarter").alias("quarter_code"),
        F.last_day(F.make_date("year", F.col("quarter") * 3, F.lit(1))).alias("quarter_end"),
        "upheld", "other", "unregulated", "total", "extrapolated_upheld", "analysed",
        "clients", "clients_ccs", "clients_scr", "published_index",
        F.when(upheld.isNotNull(), (hundredths.cast("decimal(18,0)") / F.lit(100)).cast("decimal(18,2)"))
        .alias("recomputed_index"),
        "source_file", "source_line",
    )  # fmt: skip


fact_complaints = Fact(
    name="fact_complaints",
    doc="Complaints of an institution in a quarter; the meaning of total depends on the method in dim_quarter",
    sources=(ranking.complaints,),
    transform=transform,
    columns=(
        Column("quarter_code", "string", "Year and quarter, such as 2021T4"),
        Column("quarter_end", "date", "Last day of the quarter"),
        Column("upheld", "bigint", "Regulated complaints that were upheld"),
        Column("other", "bigint", "Other regulated complaints; NULL in method B"),
        Column("unregulated", "bigint", "Complaints outside regulation; NULL in method B"),
        Column("total", "bigint", "All complaints; in method B those that were answered"),
        Column("extrapolated_upheld", "bigint", "Upheld, extrapolated from those analysed; NULL in method A"),
        Column("analysed", "bigint", "Complaints that were analysed; NULL in method A"),
        Column("clients", "bigint", "Clients, each counted once; NULL if the Central Bank publishes none"),
        Column("clients_ccs", "bigint", "Clients in the register of accounts"),
        Column("clients_scr", "bigint", "Clients in the register of credit"),
        Column("published_index", "decimal(18,2)", "Index as published: upheld per million clients; NULL if not shown"),
        Column(
            "recomputed_index",
            "decimal(18,2)",
            "Recomputed index; in method B from extrapolated_upheld",
        ),
        Column("source_file", "string", "sha256 of the raw file that contains the row"),
        Column("source_line", "bigint", "Line of the row in that file"),
    ),
    lookups=(
        Lookup(dim_spelling, on=("spelling",), brings=("institution_code",)),
        Lookup(dim_institution, on=("institution_code",), as_of="quarter_end"),
        Lookup(dim_quarter, on=("quarter_code",)),
    ),
    grain=("institution_key", "quarter_code"),
    partition_by=("quarter_code",),
    increment=ByPartition(ranking.complaints, {"quarter_code": "format_string('%dT%d', year, quarter)"}),
    sort_by=("institution_key",),
    checks=(
        between("total", 0),
        reconcile("total", ranking.complaints, "total"),
        expression(
            "the published index is the recomputed one",
            # In method B the published index is computed from the extrapolation before it was rounded to a whole
            # number.
            "published_index IS NULL OR published_index <=> recomputed_index OR (extrapolated_upheld IS NOT NULL"
            " AND coalesce(abs(published_index - recomputed_index) <= 0.01 + 500000 / clients, false))",
            "published_index",
            "recomputed_index",
            bad={"published_index": 1, "recomputed_index": 2},
        ),
        expression(
            "clients lie between the larger register and the sum of both",
            "coalesce(clients BETWEEN greatest(clients_ccs, clients_scr) AND clients_ccs + clients_scr, true)"
            " OR clients_ccs IS NULL OR clients_scr IS NULL",
            "clients",
            "clients_ccs",
            "clients_scr",
            bad={"clients": 10, "clients_ccs": 4, "clients_scr": 5},
        ),
    ),
)
