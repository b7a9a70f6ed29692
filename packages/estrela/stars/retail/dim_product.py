"""Products of the shop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from estrela.model import Column, Dimension, between, not_null
from estrela.stars.retail import sources

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def transform(products: DataFrame) -> DataFrame:
    """Return one row per product in the newest list."""
    return products.select("product_code", "product_name", "category", "list_price")


dim_product = Dimension(
    name="dim_product",
    doc="Products under their newest name",
    sources=(sources.products,),
    transform=transform,
    columns=(
        Column("product_code", "string", "Product"),
        Column("product_name", "string", "Name"),
        Column("category", "string", "Category"),
        Column("list_price", "decimal(10,2)", "Price of one piece without discount, USD"),
    ),
    business_key=("product_code",),
    checks=(not_null("category"), between("list_price", 0)),
)
