"""The work as Estrela declares it: sales of 16 columns, and dimensions of customers and products."""

from __future__ import annotations

from typing import TYPE_CHECKING

from estrela.model import (
    Column,
    CsvSource,
    Date,
    Dimension,
    Download,
    Fact,
    Field,
    FromRequest,
    Layout,
    Lookup,
    Number,
    Text,
    Tolerance,
    Whole,
    reconcile,
)  # fmt: skip
from estrela.model.star import assemble

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

QUARTER = Column("quarter", "date", "First day of the quarter")
SALE, LINE = Column("sale", "bigint", "Number of the sale"), Column("line", "int", "Line of the sale")
CUSTOMER, PRODUCT = Column("customer_code", "string", "Customer"), Column("product_code", "string", "Product")
DECIMAL = Number(mark=".")
FIELDS = (
    (SALE, "Sale", Whole(), True),
    (LINE, "Line", Whole(), True),
    (Column("ordered_on", "date", "Day of the order"), "Ordered", Date(), True),
    (Column("shipped_on", "date", "Day of the delivery"), "Shipped", Date(), False),
    (Column("due_on", "date", "Day of the payment"), "Due", Date("dd/MM/yyyy"), True),
    (CUSTOMER, "Customer", Text(), True),
    (PRODUCT, "Product", Text(), True),
    (Column("store", "string", "Store"), "Store", Text(), True),
    (Column("channel", "string", "Channel"), "Channel", Text(), True),
    (Column("note", "string", "Note"), "Note", Text(), False),
    (Column("quantity", "int", "Pieces"), "Quantity", Whole(), True),
    (Column("weight", "bigint", "Grams"), "Weight", Whole(), True),
    (Column("price", "decimal(12,2)", "Price of a piece"), "Price", DECIMAL, True),
    (Column("discount", "decimal(6,4)", "Share that is not asked for"), "Discount", DECIMAL, True),
    (Column("tax", "decimal(14,2)", "Tax"), "Tax", Number(), True),
    (Column("total", "decimal(14,2)", "Total"), "Total", Number(), True),
)
sales = CsvSource(
    "sales", "Sales", "sales", Download("https://shop.test/sales.csv"),
    (QUARTER, *[column for column, *_ in FIELDS]),
    (Layout("v1", tuple(Field(header, column.name, parse, required=must) for column, header, parse, must in FIELDS)),),
    (FromRequest("quarter", "quarter"),), partition_by=("quarter",), sort_by=("customer_code",),
    tolerance=Tolerance(rows=0.02),
)  # fmt: skip


def listed(name: str, code: Column, *others: str) -> CsvSource:
    """Return a source whose columns are texts."""
    columns = (code, *[Column(f"{name}_{other.lower()}", "string", other) for other in others])
    fields = zip(("Code", *others), columns, strict=True)
    layout = Layout("v1", tuple(Field(header, column.name, Text(), required=True) for header, column in fields))
    return CsvSource(f"{name}s", f"{name}s", f"{name}s", Download(f"https://shop.test/{name}.csv"), columns, (layout,))


customers = listed("customer", CUSTOMER, "Name", "City")
products = listed("product", PRODUCT, "Name", "Group")


def customer_rows(customers: DataFrame) -> DataFrame:
    return customers.select("customer_code", "customer_name", "customer_city")


def product_rows(products: DataFrame) -> DataFrame:
    return products.select("product_code", "product_name", "product_group")


def sale_rows(sales: DataFrame) -> DataFrame:
    return sales.drop("fetched_at")


dim_customer = Dimension(
    "dim_customer", "Customers", (customers,), customer_rows, customers.columns, ("customer_code",)
)
dim_product = Dimension("dim_product", "Products", (products,), product_rows, products.columns, ("product_code",))
fact_sales = Fact(
    "fact_sales", "Sales", (sales,), sale_rows,
    tuple(column for column in sales.all_columns if column.name != "fetched_at"),
    (Lookup(dim_customer, ("customer_code",)), Lookup(dim_product, ("product_code",))),
    ("quarter", "sale"), ("quarter",), ("customer_key",), (reconcile("total", sales, "total"),),
)  # fmt: skip
star = assemble("wide", [fact_sales])
