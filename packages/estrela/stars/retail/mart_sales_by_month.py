"""Sales of each month."""

from __future__ import annotations

from estrela.model import Column, Mart
from estrela.stars.retail.dim_customer import dim_customer
from estrela.stars.retail.dim_date import dim_date
from estrela.stars.retail.fact_order_lines import fact_order_lines

mart_sales_by_month = Mart(
    name="mart_sales_by_month",
    doc="Orders and sales per month, channel and the customer's segment on the day of the order",
    uses=(fact_order_lines, dim_date, dim_customer),
    columns=(
        Column("year_month", "string", "Year and month, such as 2024-02"),
        Column("channel", "string", "store or web"),
        Column("segment", "string", "Segment of the customer; unknown if the customer is not known"),
        Column("orders", "bigint", "Orders"),
        Column("customers", "bigint", "Customers, each counted once through all versions"),
        Column("net_amount", "decimal(38,2)", "Sales minus returns, USD"),
        Column("returned_amount", "decimal(38,2)", "Returns, USD, as a positive amount"),
    ),
    sql="""
SELECT d.year_month, f.channel, c.segment,
  COUNT(DISTINCT f.order_number) AS orders, COUNT(DISTINCT f.customer_durable_key) AS customers,
  CAST(SUM(f.net_amount) AS decimal(38,2)) AS net_amount,
  CAST(SUM(CASE WHEN f.quantity < 0 THEN -f.net_amount ELSE 0 END) AS decimal(38,2)) AS returned_amount
FROM {fact_order_lines} f
JOIN {dim_date} d ON d.date_key = f.date_key
JOIN {dim_customer} c ON c.customer_key = f.customer_key
GROUP BY d.year_month, f.channel, c.segment
""",
    period="year_month || '-01'",
)
