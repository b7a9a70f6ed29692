"""Lines of the orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from estrela.model import ByPartition, Column, Fact, Lookup, expression, month, one_of, reconcile
from estrela.stars.retail import sources
from estrela.stars.retail.dim_customer import dim_customer
from estrela.stars.retail.dim_date import dim_date
from estrela.stars.retail.dim_product import dim_product

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def transform(order_lines: DataFrame) -> DataFrame:
    """Return the lines with the amount paid, rounded half up to cents."""
    from pyspark.sql import functions as F

    paid = F.col("quantity") * F.col("unit_price") * (1 - F.col("discount"))
    return order_lines.select(
        "ordered_on", "customer_number", "product_code", "order_number", "line", "channel", "quantity", "unit_price",
        "discount", F.round(paid, 2).alias("net_amount"), "source_file", "source_line",
    )  # fmt: skip


fact_order_lines = Fact(
    name="fact_order_lines",
    doc="One row per line of an order; returned lines have negative quantities",
    sources=(sources.order_lines,),
    transform=transform,
    columns=(
        Column("ordered_on", "date", "Day of the order"),
        Column("order_number", "bigint", "Number of the order"),
        Column("line", "int", "Line of the order, from 1"),
        Column("channel", "string", "Where it was ordered: store or web"),
        Column("quantity", "int", "Number of pieces; negative for returns"),
        Column("unit_price", "decimal(10,2)", "Price of one piece, USD"),
        Column("discount", "decimal(4,2)", "Discount as a share of the price, 0 to 1"),
        Column("net_amount", "decimal(18,2)", "Paid for the line, USD: quantity * unit_price * (1 - discount)"),
        Column("source_file", "string", "sha256 of the raw file that contains the row"),
        Column("source_line", "bigint", "Line of the row in that file"),
    ),
    lookups=(
        Lookup(dim_date, on=("ordered_on",)),
        Lookup(dim_customer, on=("customer_number",), as_of="ordered_on"),
        Lookup(dim_product, on=("product_code",)),
    ),
    grain=("ordered_on", "order_number", "line"),
    partition_by=(month("ordered_on"),),
    sort_by=("customer_durable_key", "order_number"),
    increment=ByPartition(sources.order_lines),
    checks=(
        one_of("channel", sources.CHANNELS),
        reconcile("quantity", sources.order_lines, "quantity"),
        expression("the day is in the calendar", "date_key <> 0", "date_key", bad={"date_key": 0}),
    ),
)
