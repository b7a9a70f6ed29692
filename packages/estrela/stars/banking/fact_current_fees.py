"""Fee ceilings of an institution in its newest answer; a separate table, so that queries skip earlier days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from estrela.model import ByPartition, Fact, between, one_of, reconcile
from estrela.stars.banking import sources
from estrela.stars.banking.fact_fees import fact_fees
from estrela.stars.banking.fact_fees import transform as fees_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def transform(current_fees: DataFrame) -> DataFrame:
    """Return the rows of the newest answers; an institution whose newest answer is empty has no row."""
    return fees_of(current_fees)


fact_current_fees = Fact(
    name="fact_current_fees",
    doc="Highest fee that an institution lists for a service in its newest answer, without withdrawn fees",
    sources=(sources.current_fees,),
    transform=transform,
    columns=fact_fees.columns,
    lookups=fact_fees.lookups,
    grain=("institution_key", "service_key", "person_type"),
    partition_by=("person_type",),
    sort_by=("institution_key", "service_key"),
    increment=ByPartition(sources.current_fees),
    checks=(
        between("ceiling", 0),
        one_of("value_type", ("amount", "percentage")),
        reconcile("ceiling", sources.current_fees, "ceiling"),
    ),
)
