"""Exchange rates, one CSV file per day on an FTPS share, with heading lines and decimal commas."""

from __future__ import annotations

from datetime import time

from estrela.model import Column, Date, Field, Number, Text
from estrela.model.feed import Feed, Load, Order
from estrela.model.feed_arrival import Expected
from estrela.model.feed_format import Csv
from estrela.model.feed_origin import FtpsFolder

exchange_rates = Feed(
    name="exchange_rates",
    doc="Exchange rates of a day; a day that is sent again replaces its rows",
    origin=FtpsFolder(
        "exchange_rates/",
        r"rates_(?P<day>\d{8})\.csv",
        sequence=("day",),
        server="estrela/ftps/backoffice",
        folder="/out/rates",
    ),
    format=Csv(delimiter=";", heading_lines=2),
    columns=(
        Column("quoted_on", "date", "Day of the rate"),
        Column("currency", "string", "Currency, ISO 4217"),
        Column("rate", "decimal(14,6)", "BRL for one unit"),
    ),
    fields=(
        Field("Data", "quoted_on", Date("dd/MM/yyyy"), required=True),
        Field("Moeda", "currency", Text(), required=True),
        Field("Taxa", "rate", Number(",", grouping="."), required=True),
    ),
    target="warehouse.exchange_rates",
    load=Load.UPSERT,
    order=Order.IN_ORDER,
    key=("quoted_on", "currency"),
    expected=Expected(by=time(20), days=(0, 1, 2, 3, 4), least_rows=1),
)
