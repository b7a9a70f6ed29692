"""Fee ceilings of an institution, per service and snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from estrela.model import ByPartition, Column, Fact, Lookup, between, month, one_of, reconcile
from estrela.stars.banking import sources
from estrela.stars.banking.dim_institution import dim_institution
from estrela.stars.banking.dim_service import dim_service

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

UNITS = {
    "por cartao": "por cartão",
    "por copia": "por cópia",
    "por emissao": "por emissão",
    "por funcionario": "por funcionário",
    "por operacao": "por operação",
    "por talao": "por talão",
    "por titulo": "por título",
}
"""Units that institutions write without accents, in lower case, and their spelling with accents."""


def transform(fees: DataFrame) -> DataFrame:
    """Return the rows of the fee answers; a fee is free if its ceiling is 0."""
    from pyspark.sql import functions as F

    accents = F.create_map(*[F.lit(text) for pair in UNITS.items() for text in pair])
    written = F.lower("unit")
    unit = F.coalesce(F.try_element_at(accents, written), written)
    return fees.select(
        F.col("cnpj_root").alias("institution_code"),
        "service_code",
        "person_type",
        "snapshot_date",
        "ceiling",
        "value_type",
        F.concat(F.upper(unit.substr(1, 1)), unit.substr(2, 100)).alias("unit"),
        "periodicity",
        "in_force_since",
        (F.col("ceiling") == 0).alias("is_free"),
        "source_file",
        "source_line",
    )


fact_fees = Fact(
    name="fact_fees",
    doc="Highest fee that an institution lists for a service, by the day it was received; the API has no history",
    sources=(sources.fees,),
    transform=transform,
    columns=(
        Column("person_type", "string", "F: natural persons; J: legal persons"),
        Column("snapshot_date", "date", "Day on which the answer was received in this form"),
        Column("ceiling", "decimal(18,2)", "Highest fee, in BRL or, if value_type is percentage, in percent"),
        Column("value_type", "string", "amount (BRL) or percentage"),
        Column("unit", "string", "What the fee is charged for"),
        Column("periodicity", "string", "How often it may be charged"),
        Column("in_force_since", "date", "Day from which the fee applies"),
        Column("is_free", "boolean", "Ceiling 0: free, or listed but not offered"),
        Column("source_file", "string", "sha256 of the raw file that contains the row"),
        Column("source_line", "bigint", "Position of the record in that file"),
    ),
    lookups=(
        Lookup(dim_institution, on=("institution_code",), as_of="snapshot_date"),
        Lookup(dim_service, on=("service_code", "person_type")),
    ),
    grain=("institution_key", "service_key", "person_type", "snapshot_date"),
    partition_by=(month("snapshot_date"),),
    increment=ByPartition(sources.fees),
    sort_by=("institution_key", "service_key"),
    checks=(
        between("ceiling", 0),
        one_of("value_type", ("amount", "percentage")),
        reconcile("ceiling", sources.fees, "ceiling"),
    ),
)
