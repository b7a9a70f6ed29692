"""Customers of the shop, with the history of their changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from estrela.model import Column, Dimension, Scd2, not_null, one_of
from estrela.stars.retail import sources

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def transform(customers: DataFrame) -> DataFrame:
    """Return one observation per customer and file."""
    return customers.selectExpr("customer_number", "segment", "city", "country", "observed_on AS as_of")


dim_customer = Dimension(
    name="dim_customer",
    doc="Customers, with a new version whenever the segment, city or country changes",
    sources=(sources.customers,),
    transform=transform,
    columns=(
        Column("customer_number", "string", "Customer, 6 digits"),
        Column("segment", "string", "consumer, small business or company"),
        Column("city", "string", "City of the customer"),
        Column("country", "string", "Country of the customer, ISO 3166 code of 2 letters"),
    ),
    business_key=("customer_number",),
    history=Scd2(tracked=("segment", "city", "country"), as_of="as_of"),
    checks=(one_of("segment", sources.SEGMENTS), not_null("city")),
)
