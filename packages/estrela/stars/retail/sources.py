"""The sources of the retail star: CSV files that a shop writes to the lake's bucket."""

from __future__ import annotations

from datetime import timedelta

from estrela.model import (
    Column,
    CsvSource,
    Date,
    Digits,
    Field,
    Freshness,
    FromRequest,
    Layout,
    Number,
    Prefix,
    S3Files,
    Text,
    Whole,
    between,
    expression,
    not_null,
    one_of,
    year,
)

LANDING = "landing/retail/"
DAY = r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})\.csv"
CHANNELS = ("store", "web")
SEGMENTS = ("consumer", "small business", "company")

order_lines = CsvSource(
    name="order_lines",
    doc="Lines of orders, one file per day; a corrected file replaces its day",
    entity="orders",
    origin=S3Files(f"{LANDING}order_lines/", DAY),
    columns=(
        Column("ordered_on", "date", "Day of the order"),
        Column("order_number", "bigint", "Number of the order"),
        Column("line", "int", "Line of the order, from 1"),
        Column("customer_number", "string", "Customer, 6 digits"),
        Column("product_code", "string", "Product"),
        Column("channel", "string", "Where it was ordered: store or web"),
        Column("quantity", "int", "Number of pieces; negative for returns"),
        Column("unit_price", "decimal(10,2)", "Price of one piece, USD"),
        Column("discount", "decimal(4,2)", "Discount as a share of the price, 0 to 1"),
    ),
    layouts=(
        Layout(
            "v1",
            (
                Field("order_date", "ordered_on", Date(), required=True),
                Field("order", "order_number", Whole(signed=False), required=True),
                Field("line", "line", Whole(signed=False), required=True),
                Field("customer", "customer_number", Digits(6)),
                Field("product", "product_code", Text(), required=True),
                Field("channel", "channel", Prefix({name: name for name in CHANNELS}), required=True),
                Field("quantity", "quantity", Whole(), required=True),
                Field("unit_price", "unit_price", Number("."), required=True),
                Field("discount", "discount", Number("."), required=True),
            ),
        ),
    ),
    from_request=(FromRequest("day", "ordered_on", match=True),),
    partition_by=("ordered_on",),
    sort_by=("order_number", "line"),
    delimiter=",",
    checks=(
        between("unit_price", 0),
        between("discount", 0, 1),
        expression("a line has pieces", "quantity <> 0", "quantity", bad={"quantity": 0}),
    ),
    # A file is due every day, but a weekend without files is no reason for an alert.
    freshness=Freshness(news_within=timedelta(days=3)),
)

customers = CsvSource(
    name="customers",
    doc="New and changed customers, one file per day with changes",
    entity="customers",
    origin=S3Files(f"{LANDING}customers/", DAY),
    columns=(
        Column("observed_on", "date", "Day of the file"),
        Column("customer_number", "string", "Customer, 6 digits"),
        Column("segment", "string", "consumer, small business or company"),
        Column("city", "string", "City of the customer"),
        Column("country", "string", "Country of the customer, ISO 3166 code of 2 letters"),
    ),
    layouts=(
        Layout(
            "v1",
            (
                Field("customer", "customer_number", Digits(6), required=True),
                Field("segment", "segment", Prefix({name: name for name in SEGMENTS}), required=True),
                Field("city", "city", Text(), required=True),
                Field("country", "country", Text(), required=True),
            ),
        ),
    ),
    from_request=(FromRequest("day", "observed_on"),),
    partition_by=(year("observed_on"),),
    sort_by=("customer_number",),
    delimiter=",",
    checks=(one_of("segment", SEGMENTS),),
)

products = CsvSource(
    name="products",
    doc="Products of the shop; the newest list replaces the older one",
    entity="products",
    origin=S3Files(f"{LANDING}products/", r"(?P<list>products)\.csv"),
    columns=(
        Column("product_code", "string", "Product"),
        Column("product_name", "string", "Name"),
        Column("category", "string", "Category"),
        Column("list_price", "decimal(10,2)", "Price of one piece without discount, USD"),
    ),
    layouts=(
        Layout(
            "v1",
            (
                Field("product", "product_code", Text(), required=True),
                Field("name", "product_name", Text(), required=True),
                Field("category", "category", Text(), required=True),
                Field("list_price", "list_price", Number("."), required=True),
            ),
        ),
    ),
    delimiter=",",
    checks=(not_null("category"), between("list_price", 0)),
)
