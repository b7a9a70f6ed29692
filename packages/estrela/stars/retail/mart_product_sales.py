"""Sales of each product."""

from __future__ import annotations

from estrela.model import Column, Mart
from estrela.stars.retail.dim_product import dim_product
from estrela.stars.retail.fact_order_lines import fact_order_lines

mart_product_sales = Mart(
    name="mart_product_sales",
    doc="Pieces and sales per product, and the price paid as a share of the list price",
    uses=(fact_order_lines, dim_product),
    columns=(
        Column("product_code", "string", "Product"),
        Column("product_name", "string", "Name"),
        Column("category", "string", "Category"),
        Column("pieces", "bigint", "Pieces sold minus pieces returned"),
        Column("net_amount", "decimal(38,2)", "Sales minus returns, USD"),
        Column("price_share", "double", "Sales as a share of the same pieces at list price"),
    ),
    sql="""
SELECT p.product_code, p.product_name, p.category, SUM(f.quantity) AS pieces,
  CAST(SUM(f.net_amount) AS decimal(38,2)) AS net_amount,
  CAST(SUM(f.net_amount) AS double) / NULLIF(CAST(SUM(f.quantity * p.list_price) AS double), 0) AS price_share
FROM {fact_order_lines} f
JOIN {dim_product} p ON p.product_key = f.product_key
WHERE p.product_key <> 0
GROUP BY p.product_code, p.product_name, p.category
""",
)
