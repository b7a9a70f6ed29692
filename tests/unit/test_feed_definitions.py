"""A feed that contradicts itself is refused, with the allowed values."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import estrela.feeds
from estrela.errors import DefinitionError
from estrela.model import Column, Field, Number, Text
from estrela.model.feed import Cut, Feed, Hashed, Load, OnOverwrite, Order, RowTolerance
from estrela.model.feed_engine import Distribution, Redshift
from estrela.model.feed_format import Csv
from estrela.model.feed_origin import DatabaseTable, S3Drop
from estrela.model.feeds import assembled, feeds, found_feeds

rates = Feed(
    name="rates",
    doc="Exchange rates",
    origin=S3Drop("rates/", r"(?P<day>\d+)\.csv", sequence=("day",)),
    format=Csv(delimiter=";"),
    columns=(Column("code", "string", "Currency"), Column("rate", "decimal(12,6)", "BRL")),
    fields=(Field("Code", "code", Text(), required=True), Field("Rate", "rate", Number(","))),
    target="mart.rates",
    load=Load.UPSERT,
    order=Order.IN_ORDER,
    key=("code",),
)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"key": ()}, "load=upsert needs a key"),
        ({"key": ("rate",)}, "key names 'rate', whose field may be blank; make it required"),
        ({"key": ("day",)}, "key names 'day', which is not a column; allowed: code, rate"),
        ({"target": "rates"}, "target 'rates' names no schema; allowed: schema.table"),
        ({"load": Load.APPEND, "order": Order.NEWEST},
         "order=newest with load=append would lose the rows of older files; allowed: in order, all"),
        ({"load": Load.TRUNCATE, "order": Order.ALL},
         "order=all with load=truncate: the table would contain the rows of an arbitrary file; allowed: newest, "
         "in order"),
        ({"load": Load.REPLACE, "on_overwrite": OnOverwrite.APPEND_VERSION},
         "on_overwrite=append version with load=replace, which keeps one file only; allowed: replace rows, ignore, "
         "refuse"),
        ({"pii": (Hashed("rate"),)}, "pii names 'rate', which is not a string column"),
        ({"pii": (Cut("code", 2),)}, "pii cuts 'code', a column of the key: different rows would get the same key"),
        ({"fields": rates.fields[:1]}, "its fields do not fill each column once: rate"),
        ({"fields": (rates.fields[0], Field("Code", "rate", Number(",")))}, "has a header twice"),
        ({"max_attempts": 0}, "max_attempts=0 is not 1 or more"),
        ({"engine": Redshift(sort=("code", "day"))},
         "Redshift: sort names 'day', which is not a column; allowed: code, rate"),
    ],
)  # fmt: skip
def test_a_contradiction_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        replace(rates, **changes)
    assert str(caught.value) == "Feed('rates')" + (", " if message.startswith("Redshift") else ": ") + message


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: S3Drop("rates", ".*"), "S3Drop('rates'): prefix is not a folder; allowed: a text such as 'cards/'"),
        (lambda: S3Drop("r/", "("), "S3Drop('r/'): pattern '(' is not a regular expression: missing ), unterminated "
         "subpattern at position 0"),
        (lambda: S3Drop("r/", "(?P<a>.)", ("b",)),
         "S3Drop('r/'): sequence names 'b', which is not a group of the pattern; allowed: a"),
        (lambda: RowTolerance(share=1), "RowTolerance: rows=0, share=1; allowed: rows of at least 0, and a share of at "
         "least 0 and below 1"),
        (lambda: Csv(compression="rar"), "Csv: unknown compression 'rar'; allowed: , gzip, bz2, zstd, zip"),
        (lambda: Csv(delimiter="||"), "Csv: delimiter '||' is not one character"),
        (lambda: Csv(heading_lines=-1), "Csv: heading_lines=-1 is not 0 or more"),
        (lambda: Redshift(distribution=Distribution.KEY),
         "Redshift: distribution=key with distribution_key=''; allowed: Distribution.KEY with the name of a column, "
         "another distribution without one"),
        (lambda: Cut("x", 0), "Cut('x'): keep=0 is not 1 or more"),
    ],
)  # fmt: skip
def test_a_part_that_is_wrong_is_refused(make: Any, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        make()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (replace(rates), "two feeds have this name"),
        (replace(rates, name="x"), "feed 'rates' has the same target mart.rates"),
        (replace(rates, name="x", target="mart.x", origin=S3Drop("rates/new/", ".*")),
         "prefix 'rates/new/' and 'rates/' of feed 'rates' contain each other"),
    ],
)  # fmt: skip
def test_feeds_that_contradict_each_other_are_refused(other: Feed, message: str) -> None:
    apart = replace(rates, name="apart", target="mart.apart", origin=S3Drop("apart/", ".*"))
    declared = assembled([rates, apart, other])
    problem = f"DefinitionError: Feed({other.name!r}): {message}"
    assert declared.problems == dict.fromkeys((rates.name, other.name), problem)
    assert list(declared.feeds) == ["apart"]


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        ("funds/rates.py", "import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("bonds/__init__.py", "1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_feed_that_cannot_be_read_leaves_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: str, text: str, problem: str
) -> None:
    package = (tmp_path / file).parent
    package.mkdir()
    (package / "__init__.py").touch()
    (tmp_path / file).write_text(text)
    monkeypatch.setattr(estrela.feeds, "__path__", [*estrela.feeds.__path__, str(tmp_path)])
    declared = found_feeds()
    assert list(declared.problems.values()) == [problem]
    assert list(declared.feeds) == ["accounts", "branches", "card_settlements", "customers", "exchange_rates"]
    with pytest.raises((ModuleNotFoundError, ZeroDivisionError)):
        feeds()


def test_a_place_orders_files_by_the_declared_groups() -> None:
    drop = S3Drop("r/", r"(?P<bank>[a-z]+)_(?P<day>\d+)\.csv", sequence=("day", "bank"))
    assert drop.place_of("r/itau_20260101.csv") == "20260101/itau"
    assert drop.place_of("r/itau_20260101.csv.part") is None
    assert drop.place_of("x/itau_20260101.csv") is None


@pytest.mark.parametrize(
    ("rejected", "rows", "is_allowed"), [(0, 0, True), (2, 10, True), (3, 10, False), (3, 30, True), (4, 30, False)]
)
def test_tolerance_is_a_count_or_a_share_whichever_is_more(rejected: int, rows: int, is_allowed: bool) -> None:
    assert RowTolerance(rows=2, share=0.1).allows(rejected, rows) is is_allowed


def test_the_declared_feeds_are_found() -> None:
    declared = feeds()
    assert list(declared) == ["accounts", "branches", "card_settlements", "customers", "exchange_rates"]


TABLE = DatabaseTable("people/", server="s", table="core.people", watermark="Rate")
OF_A_DATABASE = {"origin": TABLE, "format": Csv(compression="gzip", encodings=("utf-8",)), "order": Order.NEWEST,
                 "load": Load.UPSERT}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": Csv()},
         "its origin writes files of one format; allowed: Csv(compression=\"gzip\", encodings=(\"utf-8\",))"),
        ({"order": Order.IN_ORDER}, "order=in order of a DatabaseTable; allowed: newest"),
        ({"origin": replace(TABLE, watermark="rate")},
         "watermark names 'rate', which is not a column; allowed: Code, Rate"),
        ({"load": Load.TRUNCATE}, "load=truncate of a DatabaseTable with a watermark; allowed: upsert"),
        ({"origin": replace(TABLE, watermark="")},
         "load=upsert of a DatabaseTable without a watermark; allowed: truncate, replace"),
        ({"origin": replace(TABLE, reconcile=timedelta(1)), "engine": Redshift()},
         "reconcile deletes rows in PostgreSQL only, not in Redshift; allowed: reconcile=None"),
    ],
)  # fmt: skip
def test_a_feed_of_a_database_is_loaded_as_its_files_are_made(changes: dict[str, Any], message: str) -> None:
    assert replace(rates, **OF_A_DATABASE).origin is TABLE
    with pytest.raises(DefinitionError) as caught:
        replace(rates, **{**OF_A_DATABASE, **changes})
    assert str(caught.value) == f"Feed('rates'): {message}"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"table": "a.b.c"}, "table 'a.b.c'; allowed: table, schema.table"),
        ({"overlap": timedelta(seconds=-1)}, "overlap -1 day, 23:59:59 is negative"),
        ({"watermark": "", "reconcile": timedelta(1)},
         "reconcile needs a watermark: without one, each file contains all rows anyway"),
    ],
)  # fmt: skip
def test_a_database_table_that_contradicts_itself_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        replace(TABLE, **changes)
    assert str(caught.value) == f"DatabaseTable('people/'): {message}"
