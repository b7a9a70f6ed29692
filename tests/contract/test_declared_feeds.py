"""Guarantees for every declared feed, tested without a test of its own."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
from feed_files import FeedFiles
from killed import expire, load_and_die
from ledger_warehouse import Warehouse

from estrela.model.feed import Feed, OnOverwrite, Order
from estrela.model.feed_engine import Redshift
from estrela.model.feed_format import Csv, JsonLines, Parquet
from estrela.model.feeds import feeds
from localaws.running import Running

FEEDS = [replace(feed, origin=replace(feed.origin, bucket="")) for feed in feeds().values()]
ENGINES = [
    *(pytest.param(feed, id=feed.name) for feed in FEEDS),
    *(
        # Normal runs of the tests load only one feed into the other engine.
        pytest.param(
            replace(feed, engine=Redshift()),
            id=f"{feed.name}-redshift",
            marks=[pytest.mark.long] * (feed.name != "card_settlements"),
        )
        for feed in FEEDS
        if not isinstance(feed.engine, Redshift) and getattr(feed.origin, "reconcile", None) is None
    ),
]
ENGINES += [
    pytest.param(
        replace(argument, order=Order.BY_MANIFEST, origin=replace(argument.origin, manifest=r".*\.manifest")),
        id=f"{argument.name}-manifest",
    )
    for argument in FEEDS
    if argument.order is Order.ALL and not argument.is_whole
]
"""Every feed as declared, those of PostgreSQL also with Redshift as engine, and some also with manifests."""
LEAST_STEPS = 20
"""Beginnings and ends of steps that every load has at least."""
FIELDS = [(feed, field) for feed in FEEDS for field in FeedFiles(feed).fields_that_reject]


@pytest.fixture(params=ENGINES)
def files(request: pytest.FixtureRequest, warehouse: Warehouse) -> FeedFiles:
    feed: Feed = request.param
    if isinstance(feed.engine, Redshift):
        request.getfixturevalue("redshift_warehouse")
    warehouse.feeds = {feed.name: feed}
    return FeedFiles(feed)


def load(warehouse: Warehouse) -> str:
    deliver_manifest(warehouse)
    return warehouse.load(feed=next(iter(warehouse.feeds)))


def deliver_manifest(warehouse: Warehouse) -> None:
    """Name all files in a manifest, if the feed is complete by manifest."""
    (feed,) = warehouse.feeds.values()
    if feed.order is Order.BY_MANIFEST:
        named = sorted({key for key, state in warehouse.states() if state != "Rejected"})
        names = "\n".join(key.removeprefix(feed.origin.prefix) for key in named)
        warehouse.register_events(warehouse.put(f"{feed.origin.prefix}all.manifest", names.encode()))


def rows(warehouse: Warehouse, feed: Feed) -> int:
    ((count,),) = warehouse.target(f"SELECT count(*) FROM {feed.target}")
    return int(count)


def test_events_that_are_doubled_reordered_or_lost_do_not_matter(warehouse: Warehouse, files: FeedFiles) -> None:
    feed = files.feed
    events = [warehouse.put(files.key(number), files.packed(files.rows(number))) for number in (1, 2, 3)]
    warehouse.register_events(events[2], events[0], events[2])
    assert load(warehouse) == ""
    warehouse.list()
    warehouse.register_events(events[0])
    assert load(warehouse) == ""
    assert rows(warehouse, feed) == (200 if feed.is_whole or feed.order is Order.NEWEST else 600)
    assert {state for _, state in warehouse.states()} <= {"Done", "Filtered Out"}
    assert warehouse.query("SELECT count(*) FROM ledger.files WHERE NOT is_manifest") == [(3,)]


def test_a_file_that_is_overwritten(warehouse: Warehouse, files: FeedFiles) -> None:
    feed, key = files.feed, files.key(1)
    warehouse.register_events(warehouse.put(key, files.packed(files.rows(1))))
    assert load(warehouse) == ""
    warehouse.register_events(warehouse.put(key, files.packed(files.rows(2, 50))))
    assert load(warehouse) == ""
    expected = {OnOverwrite.REPLACE_ROWS: 50, OnOverwrite.APPEND_VERSION: 250}
    assert rows(warehouse, feed) == expected.get(feed.on_overwrite, 200)


def test_a_file_without_rows_or_bytes(warehouse: Warehouse, files: FeedFiles) -> None:
    warehouse.register_events(warehouse.put(files.key(1), b""), warehouse.put(files.key(2), files.packed([])))
    error = load(warehouse)
    can_be_empty = not isinstance(files.feed.format, Csv) or files.feed.format.header
    assert warehouse.states() == [(files.key(1), "Rejected"), (files.key(2), "Done" if can_be_empty else "Fail")]
    assert ("" if can_be_empty else "the file is empty") in error


@pytest.mark.parametrize("damage", ["columns", "truncated", "encoding"])
def test_a_damaged_file_loads_nothing(warehouse: Warehouse, files: FeedFiles, damage: str) -> None:
    feed, good = files.feed, files.packed(files.rows(1))
    if damage == "columns":
        if isinstance(feed.format, JsonLines) or not feed.has_header:
            pytest.skip("the format has no header that names the columns")
        body = files.packed(files.rows(1), [f"x{at}" for at in range(len(feed.fields))])
    elif damage == "truncated":
        if not feed.format.compression and isinstance(feed.format, Csv | JsonLines):
            pytest.skip("uncompressed text cut off at a line end is still valid")
        body = good[: len(good) // 2]
    elif isinstance(feed.format, Parquet):
        pytest.skip("Parquet defines text as UTF-8")
    else:
        names = [field.header for field in feed.fields]
        content = files.content(files.rows(1), names).encode("utf-16")
        body = files.repacked(content)
    warehouse.register_events(warehouse.put(files.key(1), body))
    assert load(warehouse) != ""
    ((state, reason),) = warehouse.query("SELECT state, reason FROM ledger.files WHERE NOT is_manifest")
    assert state in ("Fail", "Rejected")
    assert feed.name in reason
    assert not warehouse.has_table(feed.target)


@pytest.mark.parametrize(
    ("feed", "field"), FIELDS, ids=lambda parameter: getattr(parameter, "name", None) or parameter.header
)
def test_a_bad_cell_is_named(warehouse: Warehouse, feed: Feed, field: object, request: pytest.FixtureRequest) -> None:
    if isinstance(feed.engine, Redshift):
        request.getfixturevalue("redshift_warehouse")
    files = FeedFiles(feed)
    warehouse.feeds = {feed.name: feed}
    warehouse.register_events(warehouse.put(files.key(1), files.with_bad_cell(1, field)))  # type: ignore[arg-type]
    error = load(warehouse)
    header = field.header  # type: ignore[attr-defined]
    is_tolerated = feed.tolerance.allows(1, 200)
    assert warehouse.query("SELECT column_name, is_counted FROM ledger.rejects") == [(header, is_tolerated)]
    assert warehouse.states() == [(files.key(1), "Done" if is_tolerated else "Fail")]
    if is_tolerated:
        assert (error, rows(warehouse, feed)) == ("", 199)


@pytest.mark.long
def test_a_kill_between_any_two_steps(warehouse: Warehouse, files: FeedFiles, aws: Running) -> None:
    feed = files.feed
    for number in count(1):
        warehouse.register_events(warehouse.put(files.key(number), files.packed(files.rows(number))))
        deliver_manifest(warehouse)
        was_killed = load_and_die(warehouse, number, aws.client, feed.name)
        expire(warehouse)
        assert warehouse.load(feed=feed.name) == ""
        if not was_killed:
            break
    assert number > LEAST_STEPS
    assert rows(warehouse, feed) == (200 if feed.is_whole else number * 200)
    assert {state for _, state in warehouse.states()} == {"Done"}
