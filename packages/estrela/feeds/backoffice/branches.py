"""Branches: the whole list, as a JSON document in a zip archive."""

from __future__ import annotations

from estrela.model import Column, Date, Digits, Field, Text
from estrela.model.feed import Feed, Load, Order
from estrela.model.feed_format import Json
from estrela.model.feed_origin import S3Drop

branches = Feed(
    name="branches",
    doc="Branches of the company; the newest list replaces the older ones",
    origin=S3Drop("branches/", r"branches_(?P<stamp>\d{8}T\d{6})\.zip", sequence=("stamp",)),
    format=Json(compression="zip", records="branches"),
    columns=(
        Column("branch_code", "string", "Code of the branch, 4 digits"),
        Column("branch_name", "string", "Name of the branch"),
        Column("city", "string", "City of the branch"),
        Column("opened_on", "date", "Day on which it opened"),
    ),
    fields=(
        Field("code", "branch_code", Digits(4), required=True),
        Field("name", "branch_name", Text(), required=True),
        Field("city", "city", Text()),
        Field("opened", "opened_on", Date("dd/MM/yyyy")),
    ),
    target="warehouse.branches",
    load=Load.TRUNCATE,
    order=Order.NEWEST,
    key=("branch_code",),
)
