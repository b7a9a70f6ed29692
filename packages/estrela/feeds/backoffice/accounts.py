"""Accounts: the whole table of the core system, extracted daily."""

from __future__ import annotations

from estrela.model import Column, Date, Field, Number, Text, Whole
from estrela.model.feed import Feed, Load, Order
from estrela.model.feed_format import Csv
from estrela.model.feed_origin import DatabaseTable

accounts = Feed(
    name="accounts",
    doc="Accounts with their balances; each extract replaces all rows",
    origin=DatabaseTable("accounts/", server="estrela/aurora/core", table="core.accounts"),
    format=Csv(compression="gzip", encodings=("utf-8",)),
    columns=(
        Column("account_number", "string", "Number of the account"),
        Column("customer_id", "bigint", "Customer who owns it"),
        Column("balance", "decimal(16,2)", "Balance in BRL"),
        Column("opened_on", "date", "Day on which it was opened"),
    ),
    fields=(
        Field("number", "account_number", Text(), required=True),
        Field("customer_id", "customer_id", Whole(signed=False), required=True),
        Field("balance", "balance", Number("."), required=True),
        Field("opened_on", "opened_on", Date()),
    ),
    target="warehouse.accounts",
    load=Load.TRUNCATE,
    order=Order.NEWEST,
    key=("account_number",),
)
