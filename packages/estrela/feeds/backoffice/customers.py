"""Customers: the rows that changed in the database of the core system."""

from __future__ import annotations

from datetime import timedelta

from estrela.model import Boolean, Column, Field, Text, Timestamp, Whole
from estrela.model.feed import Feed, Hashed, Load, Order
from estrela.model.feed_format import Csv
from estrela.model.feed_origin import DATABASE_TIME, DatabaseTable

customers = Feed(
    name="customers",
    doc="Customers; changed customers replace their rows, deleted ones are removed by the weekly comparison of keys",
    origin=DatabaseTable(
        "customers/",
        server="estrela/aurora/core",
        table="core.customers",
        watermark="updated_at",
        overlap=timedelta(hours=1),
        reconcile=timedelta(days=7),
    ),
    format=Csv(compression="gzip", encodings=("utf-8",)),
    columns=(
        Column("customer_id", "bigint", "Number of the customer"),
        Column("full_name", "string", "Keyed hash of the name"),
        Column("segment", "string", "Segment of the customer"),
        Column("is_active", "boolean", "Whether the customer may trade"),
        Column("updated_at", "timestamp", "Last change in the core system"),
    ),
    fields=(
        Field("id", "customer_id", Whole(signed=False), required=True),
        Field("full_name", "full_name", Text(), required=True),
        Field("segment", "segment", Text()),
        Field("active", "is_active", Boolean(), required=True),
        Field("updated_at", "updated_at", Timestamp(DATABASE_TIME), required=True),
    ),
    target="warehouse.customers",
    load=Load.UPSERT,
    order=Order.NEWEST,
    key=("customer_id",),
    pii=(Hashed("full_name"),),
)
