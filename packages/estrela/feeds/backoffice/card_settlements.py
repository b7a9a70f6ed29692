"""Card settlements, one compressed CSV file per day and acquirer."""

from __future__ import annotations

from datetime import time

from estrela.model import Boolean, Column, Date, Field, Number, Text, Whole
from estrela.model.feed import Cut, Feed, Load, Order, RowTolerance
from estrela.model.feed_arrival import Expected
from estrela.model.feed_format import Csv
from estrela.model.feed_origin import S3Drop

card_settlements = Feed(
    name="card_settlements",
    doc="Settled card payments; a corrected file replaces its rows, and a payment may be settled again later",
    origin=S3Drop("card_settlements/", r"(?P<acquirer>[a-z]+)_(?P<day>\d{4}-\d{2}-\d{2})\.csv\.gz", sequence=("day",)),
    format=Csv(compression="gzip", encodings=("utf-8",)),
    columns=(
        Column("settlement_id", "bigint", "Number of the settlement"),
        Column("settled_on", "date", "Day of the settlement"),
        Column("merchant", "string", "Name of the merchant"),
        Column("card_number", "string", "Last 4 digits of the card"),
        Column("amount", "decimal(14,2)", "Amount in BRL; negative for refunds"),
        Column("installments", "int", "Number of monthly payments"),
        Column("is_disputed", "boolean", "Whether the holder disputes the payment"),
    ),
    fields=(
        Field("settlement_id", "settlement_id", Whole(signed=False), required=True),
        Field("settled_on", "settled_on", Date(), required=True),
        Field("merchant", "merchant", Text()),
        Field("card_number", "card_number", Text()),
        Field("amount", "amount", Number("."), required=True),
        Field("installments", "installments", Whole(signed=False)),
        Field("disputed", "is_disputed", Boolean(("true",), ("false",))),
    ),
    target="warehouse.card_settlements",
    load=Load.UPSERT,
    order=Order.ALL,
    key=("settlement_id",),
    tolerance=RowTolerance(share=0.02),
    pii=(Cut("card_number", 4),),
    expected=Expected(by=time(8), least_rows=1, band=0.8),
)
