"""Readers switch from one release to another as a whole, whatever happens to the run that switches them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from release_shop import Killed, Lifetime, Shop

from estrela.errors import LoadError, SettingsError
from estrela.etl.releases.release import View
from estrela.model.column import Column

READERS = 2


@contextmanager
def readers(shop: Shop) -> Iterator[list[tuple[str, ...]]]:
    """Run readers that query all views again and again; each answer must be from one release."""
    answers: list[tuple[str, ...]] = []
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            answers.append(shop.seen())

    threads = [threading.Thread(target=read) for _ in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        over.set()
        for thread in threads:
            thread.join()


def assert_one_release(answers: list[tuple[str, ...]]) -> None:
    assert len(answers) > 10
    assert [row for row in answers if len(set(row)) != 1] == []


@pytest.mark.slow
@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.long), 3])
def test_readers_see_one_release_during_publishes_kills_and_rollbacks(shop: Shop, every: int) -> None:
    """Each run is killed ``every`` actions later than the one before, until one completes."""
    shop.publish(shop.release())
    shop.publish(shop.release())
    kills = 0
    with readers(shop) as answers:
        for turn in range(100):
            life = Lifetime(turn * every)
            try:
                if turn % 3 == 2:
                    shop.roll_back(life=life)
                else:
                    shop.publish(shop.release(), life)
            except Killed:
                kills += 1
            else:
                break
            if turn % 3 == 1:
                shop.publish(shop.release())
    assert kills > 8 // every
    assert_one_release(answers)
    shop.publish(shop.release())
    assert set(shop.seen()) == {str(len(shop.snapshots))}


def test_a_killed_switch_is_finished_by_the_next_run(shop: Shop) -> None:
    shop.publish(shop.release())
    with pytest.raises(Killed):
        # The six actions before the kill: the claim, the mark, three views and the pointer.
        shop.publish(shop.release(), Lifetime(6))
    assert shop.switch().manifests.current() == shop.switch().manifests.read(2)
    switch = shop.switch("next")
    with switch.claim.held():
        assert switch.claim.switching == ("goods", "mart", "sales")
        switch.settle()
        assert switch.claim.switching == ()
    assert set(shop.seen()) == {"2"}
    assert not any("UNION" in shop.view_sql(name) for name in ("sales", "goods", "mart"))


def test_rollback_returns_to_the_release_before_and_further_back(shop: Shop) -> None:
    for _ in range(3):
        shop.publish(shop.release())
    assert (shop.roll_back(), set(shop.seen())) == (2, {"2"})
    assert (shop.roll_back(), set(shop.seen())) == (1, {"1"})
    pointer, _ = shop.switch().manifests.pointer()
    assert pointer
    assert (pointer.release_id, pointer.latest_id) == (1, 3)
    with pytest.raises(SettingsError, match="--release: release 1 is the first one and replaces none"):
        shop.roll_back()
    with pytest.raises(SettingsError, match=r"--release: release 9 of star shop_.* does not exist"):
        shop.roll_back(9)
    assert (shop.roll_back(3), set(shop.seen())) == (3, {"3"})
    noted = shop.rows(f"SELECT release_id, replaces, run_key, tables FROM {shop.star}_ops.runs ORDER BY published_at")
    tables = f"{shop.star}_refined.goods, {shop.star}_refined.sales"
    assert noted == [(to, back, f"back from {back}", tables) for to, back in (("2", "3"), ("1", "2"), ("3", "1"))]


def test_rollback_does_not_return_to_a_release_that_was_rolled_back(shop: Shop) -> None:
    shop.publish(shop.release())
    shop.publish(shop.release())
    shop.roll_back()
    shop.publish(shop.release())
    assert (shop.roll_back(), set(shop.seen())) == (1, {"1"})


def test_a_star_without_a_release_cannot_be_rolled_back(shop: Shop) -> None:
    with pytest.raises(SettingsError, match="has no release yet; publish one first"):
        shop.roll_back()


def test_views_come_and_go_with_their_release(shop: Shop) -> None:
    first = shop.release()
    shop.publish(replace(first, views=first.views[:2]))
    note = View("note", "SELECT 7 AS count", (Column("count", "bigint", "Seven"),))
    shop.publish(shop.release(extra=(note,)))
    assert shop.rows(f"SELECT count FROM {shop.star}.note") == [("7",)]
    wide = View("note", "SELECT 'seven' AS text", (Column("text", "string", "Seven"),))
    shop.publish(shop.release(extra=(wide,)))
    assert shop.rows(f"SELECT text FROM {shop.star}.note") == [("seven",)]
    shop.roll_back()
    assert shop.rows(f"SELECT count FROM {shop.star}.note") == [("7",)]
    shop.publish(shop.release())
    assert "note" not in [table["Name"] for table in shop.glue_tables()]


def test_a_view_that_athena_refuses_changes_nothing_for_readers(shop: Shop) -> None:
    shop.publish(shop.release())
    wrong = shop.release()
    broken = replace(
        wrong, views=(*wrong.views[:2], replace(wrong.views[2], sql=f"SELECT value FROM {shop.star}.nowhere"))
    )
    with pytest.raises(LoadError, match=r"Athena: 1 of 1 statements failed: CREATE OR REPLACE VIEW .*nowhere"):
        shop.publish(broken)
    pointer, _ = shop.switch().manifests.pointer()
    assert pointer and pointer.release_id == 1
    assert set(shop.seen()) == {"1"}
    shop.publish(shop.release())
    assert set(shop.seen()) == {"3"}


def test_a_release_whose_snapshots_have_expired_cannot_be_shown_and_readers_stay(shop: Shop) -> None:
    for _ in range(3):
        shop.publish(shop.release())
    shop.expire(1)
    with pytest.raises(LoadError) as refused:
        shop.roll_back(1)
    assert not refused.value.retriable
    assert str(refused.value).startswith(
        f"{shop.star}: release 1 cannot be shown any more, readers stay with release 3; give a newer one with "
        "--release: Athena: 1 of 1 statements failed: CREATE OR REPLACE VIEW "
    )
    assert str(refused.value).endswith(f"Iceberg snapshot ID does not exists: {shop.snapshots[0][1]}")
    assert set(shop.seen()) == {"3"}
    assert (shop.roll_back(2), set(shop.seen())) == (2, {"2"})


def test_another_active_run_keeps_its_claim_and_a_dead_one_loses_it(shop: Shop) -> None:
    claim, other = shop.switch("one").claim, shop.switch("other").claim
    waits: list[float] = []
    busy = replace(other, active=lambda: {"run_one_7692c3ad"}, sleep=waits.append)
    with claim.held():
        with pytest.raises(LoadError, match="run one has been publishing for 600 s; try again later"):
            busy._acquire()
        with other.held(), pytest.raises(LoadError, match="run one lost its claim to publish"):
            claim.check()
    assert sum(waits) == 600
