"""A declaration that contradicts itself is refused, with the allowed values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from estrela.errors import DefinitionError
from estrela.model import (
    ApiSource,
    ByPartition,
    Column,
    CsvSource,
    Dimension,
    Download,
    Fact,
    Field,
    FromRequest,
    Layout,
    Lookup,
    Mart,
    Number,
    OData,
    OffsetPages,
    Ordinal,
    Parameter,
    RestApi,
    S3Files,
    Scd2,
    Text,
    Tolerance,
    Whole,
    between,
    bucket,
    day,
    expression,
    month,
    one_of,
    reconcile,
    unique,
)
from estrela.model.partition import DatePart

CODE, NAME = Column("code", "string", "Code"), Column("name", "string", "Name")
TEXTS = (Field("Code", "code", Text()), Field("Name", "name", Text()))
shops = CsvSource("shops", "Shops", "shops", Download("https://x.test/shops.csv"), (CODE, NAME), (Layout("v1", TEXTS),))


def transform(shops: Any) -> Any:
    return shops


dim_shop = Dimension("dim_shop", "Shops", (shops,), transform, (CODE, NAME), ("code",))
dim_versions = replace(dim_shop, history=Scd2(("name",), "day"))
fact_sales = Fact(
    "fact_sales", "Sales", (shops,), transform, (Column("amount", "bigint", "BRL"),),
    (Lookup(dim_shop, ("code",)),), ("shop_key",),
)  # fmt: skip
mart = Mart("mart_x", "X", (dim_shop,), (CODE,), "SELECT code FROM {dim_shop}")


def whole_days(days: Any) -> Any:
    return days


DAY, AMOUNT = Column("day", "date", "Day"), Column("amount", "bigint", "Amount")
days = CsvSource(
    "days", "Days", "days", Download("https://x/days.csv"), (DAY, AMOUNT), (Layout("v1", ()),),
    (FromRequest("fetched_on", "day"),), partition_by=(month("day"),),
)  # fmt: skip
fact_days = Fact(
    "fact_days", "Days", (days,), whole_days, (DAY, AMOUNT), (), ("day",), (month("day"),), increment=ByPartition(days)
)

WRONG: list[tuple[Callable[[], object], str]] = [
    (
        lambda: Column("x", "money", "X"),
        "Column('x'): unknown type 'money'; allowed: string, int, bigint, double, boolean, date, timestamp, "
        "decimal(p,s)",
    ),
    (
        lambda: Column("Name", "int", "X"),
        "Column('Name'): name 'Name' is not lower snake case; allowed: [a-z][a-z0-9_]*",
    ),
    (lambda: Column("x", "int", " "), "Column('x'): has no doc; say what the column means"),
    (lambda: replace(dim_shop, columns=(CODE, CODE)), "Dimension('dim_shop'): column 'code' is declared twice"),
    (
        lambda: replace(dim_shop, business_key=("id",)),
        "Dimension('dim_shop'): business_key names 'id', which is not a column; allowed: code, name",
    ),
    (
        lambda: replace(dim_shop, history=Scd2(("code",), "day")),
        "Dimension('dim_shop'): tracked names 'code', which is not a column; allowed: name",
    ),
    (
        lambda: replace(dim_shop, history=Scd2(("name",), "name")),
        "Dimension('dim_shop'): as_of 'name' is declared as a column; valid_from and valid_to replace it",
    ),
    (lambda: replace(dim_shop, history=Scd2((), "day")), "Dimension('dim_shop'): Scd2 tracks no column; allowed: name"),
    (lambda: replace(dim_shop, name="shop"), "Dimension('shop'): name does not start with 'dim_'"),
    (
        lambda: replace(dim_shop, transform=lambda stores: stores),
        "Dimension('dim_shop'): transform takes ('stores',), which are not its sources; allowed: shops",
    ),
    (
        lambda: replace(dim_shop, sources=()),
        "Dimension('dim_shop'): transform takes ('shops',), which are not its sources; allowed: spark",
    ),
    (lambda: replace(fact_sales, sources=()), "Fact('fact_sales'): has no source"),
    (
        lambda: Lookup(dim_shop, ("code",), brings=("town",)),
        "Lookup('dim_shop'): brings names 'town', which is not a column; allowed: code, name",
    ),
    (
        lambda: replace(days, columns=(replace(DAY, sensitive=True), AMOUNT)),
        "CsvSource('days'): from_request names 'day', which is sensitive: its values would be in file names, URLs and "
        "ops; use another column, or a pseudonym from the source",
    ),
    (
        lambda: replace(fact_days, columns=(replace(DAY, sensitive=True), AMOUNT)),
        "Fact('fact_days'): partition_by names 'day', which is sensitive: its values would be in file names, URLs and "
        "ops; use another column, or a pseudonym from the source",
    ),
    (
        lambda: Parameter(
            "code", "code", each=((replace(shops, columns=(replace(CODE, sensitive=True), NAME)), "code"),)
        ),
        "Parameter('code'): each names 'code', which is sensitive: its values would be in file names, URLs and ops; "
        "use another column, or a pseudonym from the source",
    ),
    (lambda: DatePart("day", "week"), "DatePart('day'): unknown unit 'week'; allowed: year, month, day"),
    (lambda: bucket("code", 1), "Bucket('code'): count=1; at least 2 buckets are allowed"),
    (
        lambda: replace(fact_sales, partition_by=(month("amount"),)),
        "Fact('fact_sales'): partition_by takes the month of 'amount', which is a bigint; allowed: date, timestamp",
    ),
    (
        lambda: replace(fact_sales, partition_by=("town",)),
        "Fact('fact_sales'): partition_by names 'town', which is not a column; allowed: shop_key, shop_durable_key, "
        "amount",
    ),
    (
        lambda: replace(fact_days, increment=ByPartition(shops)),
        "Fact('fact_days'): increment is by 'shops', which is not among its sources; allowed: days",
    ),
    (
        lambda: replace(fact_days, partition_by=(bucket("amount", 4),)),
        "Fact('fact_days'): has an increment, but no partition column",
    ),
    (
        lambda: replace(fact_days, increment=ByPartition(days, {"month": "day"})),
        "Fact('fact_days'): increment names 'month', which is not a column; allowed: day",
    ),
    (
        lambda: replace(fact_days, partition_by=("amount",)),
        "Fact('fact_days'): increment does not derive 'amount', which is not a partition column of the source; "
        "allowed: day",
    ),
    (
        lambda: replace(fact_days, partition_by=(day("day"),)),
        "Fact('fact_days'): partitions by 'day' are finer than those of its source",
    ),
    (
        lambda: replace(dim_shop, checks=(unique("id"),)),
        "Dimension('dim_shop'): check unique names 'id', which is not a column; allowed: shop_key, shop_durable_key, "
        "code, name",
    ),
    (
        lambda: replace(dim_shop, checks=(one_of("name", ()),)),
        "Dimension('dim_shop'): check one_of on 'name' allows no value",
    ),
    (
        lambda: replace(dim_shop, checks=(expression("short", "length(name) < 9", "name", bad={}),)),
        "Dimension('dim_shop'): check short names no bad row; allowed: name",
    ),
    (
        lambda: replace(dim_shop, checks=(expression("short", "length(name) < 9", "name", bad={"code": "x"}),)),
        "Dimension('dim_shop'): bad row of check short names 'code', which is not a column; allowed: name",
    ),
    (
        lambda: replace(dim_shop, checks=(between("name"),)),
        "Dimension('dim_shop'): check between on 'name' has neither low nor high",
    ),
    (
        lambda: replace(fact_sales, checks=(reconcile("amount", shops, "total"),)),
        "Fact('fact_sales'): check reconcile with shops names 'total', which is not a column; allowed: code, name, "
        "source_file, source_line, fetched_at",
    ),
    (lambda: Lookup(fact_sales, ("code",)), "Lookup: 'fact_sales' is not a dimension; allowed: a Dimension"),  # type: ignore[arg-type]
    (
        lambda: Lookup(dim_shop, ("code", "name")),
        "Lookup('dim_shop'): on=('code', 'name') does not match the business key; allowed: code",
    ),
    (
        lambda: Lookup(dim_versions, ("code",)),
        "Lookup('dim_shop'): has no as_of, although the dimension has versions",
    ),
    (
        lambda: Lookup(dim_shop, ("code",), as_of="day"),
        "Lookup('dim_shop'): as_of 'day' is given, but the dimension has no versions",
    ),
    (
        lambda: Lookup(dim_shop, ("code",), column="seller"),
        "Lookup('dim_shop'): column 'seller' does not end with '_key'",
    ),
    (
        lambda: replace(fact_sales, grain=("day",)),
        "Fact('fact_sales'): grain names 'day', which is not a column; allowed: shop_key, shop_durable_key, amount",
    ),
    (lambda: replace(fact_sales, name="sales"), "Fact('sales'): name does not start with 'fact_'"),
    (
        lambda: replace(mart, sql="SELECT 1 FROM {dim_other}"),
        "Mart('mart_x'): sql names ['dim_other'], which are not the tables in uses; allowed: dim_shop",
    ),
    (
        lambda: replace(shops, layouts=(Layout("v1", (Field("Id", "id", Whole()),)),)),
        "CsvSource('shops'), layout 'v1': a field names 'id', which is not a column; allowed: code, name",
    ),
    (lambda: replace(shops, layouts=()), "CsvSource('shops'): has no layout; declare the fields of its files"),
    (
        lambda: replace(shops, layouts=(Layout("v1", (*TEXTS[:1], replace(TEXTS[1], header="Code"))),)),
        "CsvSource('shops'), layout 'v1': has a header twice",
    ),
    (
        lambda: replace(shops, partition_by=("name",), from_request=(FromRequest("code", "code"),)),
        "CsvSource('shops'): partition_by names 'name', which is not a value of the request; allowed: code",
    ),
    (lambda: replace(shops, delimiter="||"), "CsvSource('shops'): delimiter '||' is not one character"),
    (
        lambda: ApiSource("a", "A", "a", shops.origin, (CODE,), ()),
        "ApiSource('a'): has no layout; declare the fields of its files",
    ),
    (lambda: Tolerance(rows=1), "Tolerance: rows=1 is not a share of at least 0 and below 1"),
    (lambda: Number(";"), "Number: decimal mark ';'; allowed: ,, ."),
    (lambda: Ordinal(4, 1), "Ordinal: 4 to 1; allowed: two of the digits 0 to 9, the lower one first"),
    (lambda: Parameter("p", "p"), "Parameter('p'): needs exactly one of values, each and requests_of"),
    (
        lambda: Parameter("p", "p", each=((shops, "id"),)),
        "Parameter('p'): shops has no column 'id' to take values from; allowed: code, name",
    ),
    (lambda: Parameter("p", "p", requests_of=shops), "Parameter('p'): needs value and requests_of together"),
    (lambda: Download("http://x.test/f"), "Download: 'http://x.test/f' is not an https address without credentials"),
    (
        lambda: Download("https://x.test/f", hosts=("https://u:p@y.test",)),
        "Download: 'https://u:p@y.test' is not an https address without credentials",
    ),
    (
        lambda: RestApi("https://x.test/{shop}/items"),
        "RestApi('https://x.test/{shop}/items'): no parameter is called 'shop'",
    ),
    (
        lambda: RestApi("https://x.test", parameters=(Parameter("a", "k", ("1",)), Parameter("b", "k", ("1",)))),
        "RestApi: two parameters have the same key: k, k",
    ),
    (lambda: RestApi("https://x.test", recheck_empty_days=0), "RestApi: recheck_empty_days=0 is not 1 or more"),
    (lambda: OffsetPages(0), "OffsetPages: size=0 is not 1 or more"),
    (
        lambda: S3Files("in/", r".*\.csv"),
        "S3Files('in/'): pattern '.*\\\\.csv' has no named group to distinguish files",
    ),
    (
        lambda: S3Files("in/", "(?P<day>"),
        "S3Files('in/'): pattern '(?P<day>' is not a regular expression: missing ), unterminated subpattern at "
        "position 0",
    ),
]


@pytest.mark.parametrize(("declare", "message"), WRONG, ids=[message[:50] for _, message in WRONG])
def test_a_contradiction_is_refused_with_what_was_allowed(declare: Callable[[], object], message: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        declare()

    assert str(refused.value) == message


def test_a_declaration_adds_what_the_engine_makes() -> None:
    assert [column.name for column in dim_versions.all_columns] == [
        "shop_key", "shop_durable_key", "code", "name", "valid_from", "valid_to", "is_current",
    ]  # fmt: skip
    assert [column.name for column in fact_sales.all_columns] == ["shop_key", "shop_durable_key", "amount"]
    assert (
        mart.query({"dim_shop": "db.dim_shop FOR VERSION AS OF 7"})
        == "SELECT code FROM db.dim_shop FOR VERSION AS OF 7"
    )


def test_a_source_needs_those_that_tell_its_parameters() -> None:
    origin = OData("https://x.test", "R", parameters=(Parameter("Code", "code", each=((shops, "code"),)),))
    asked = ApiSource("asked", "Asked", "asked", origin, (CODE,), (Layout("v1", TEXTS[:1]),))

    assert asked.needs == (shops,)
