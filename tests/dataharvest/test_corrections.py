"""A corrected file creates a new version; consumers receive only the changes, marked as corrections."""

from __future__ import annotations

from harvest_world import CLIENT, DAY, FRIDA, PORTFOLIO_1, PORTFOLIO_2, SAMPLE, SAMPLE_MESSAGES, World


def corrected(world: World, kind: str, old: str, new: str) -> list[tuple[dict[str, object], dict[str, str]]]:
    """Replace ``old`` by ``new`` in a file of the sample; return bodies and attributes of the messages."""
    sent = world.deliver({kind: SAMPLE[kind].replace(old, new)})
    return [(message.body, message.attributes) for message in sent]


def test_only_what_changed_is_sent_again_and_says_what_it_corrects(world: World) -> None:
    world.deliver(SAMPLE)
    ((body, attributes),) = corrected(world, "transactions", "5000", "6000")
    assert body == {**SAMPLE_MESSAGES[3], "sum_of_deposits": "6000"}
    assert attributes == {
        "external_client": CLIENT, "business_date": DAY, "version": "2", "corrects": "1",
        "key": f"portfolio_message/{CLIENT}/{DAY}/2/{PORTFOLIO_1}",
    }  # fmt: skip
    item = world.functions.metastore.item(CLIENT, DAY)
    assert item is not None
    assert (item["version"], item["messages_sent"]) == (2, True)


def test_a_correction_that_changes_no_message_sends_none(world: World) -> None:
    world.deliver(SAMPLE)
    assert corrected(world, "portfolios", "EREZBT", "OTHERS") == []
    assert corrected(world, "portfolios", "EREZBT", "EREZBT") == []  # the first content again
    assert world.rows("SELECT version, portfolio_file FROM dataharvest.delivery ORDER BY version") == [
        (1, 2), (2, 5), (3, 2)
    ]  # fmt: skip


def test_a_message_that_a_correction_no_longer_has_is_declared_void(world: World) -> None:
    world.deliver(SAMPLE)
    sent = corrected(world, "portfolios", SAMPLE["portfolios"].splitlines()[1] + "\n", "")
    texts = [body.get("message") for body, _ in sent]
    assert f"portfolio_message of version 1 is void: version 2 of {DAY} no longer has it" in texts
    assert {body["portfolio_reference"] for body, _ in sent if "void" in str(body.get("message"))} == {PORTFOLIO_1}
    back = corrected(world, "portfolios", "", "")
    (again,) = [(body, attributes) for body, attributes in back if body["type"] == "portfolio_message"]
    assert again[0] == SAMPLE_MESSAGES[3]
    assert "corrects" not in again[1]  # it was void


def test_a_correction_before_the_delivery_is_complete_loses_nothing(world: World) -> None:
    world.take(world.upload("clients", SAMPLE["clients"].replace("801", "800")))
    sent = world.deliver(SAMPLE)
    assert [message.body for message in sent] == SAMPLE_MESSAGES
    assert {message.attributes["version"] for message in sent} == {"2"}


def test_an_older_event_that_comes_late_changes_nothing(world: World) -> None:
    old = world.upload("clients", SAMPLE["clients"].replace("801", "800"))
    sent = world.deliver(SAMPLE)
    world.take(old)
    world.settle()
    assert [message.body for message in sent] == SAMPLE_MESSAGES
    assert world.received() == []


def test_an_older_object_of_another_key_changes_nothing(world: World) -> None:
    """Only the newest file of a client, kind and date counts, however often files under other prefixes arrive."""
    old, late = (
        world.upload("clients", SAMPLE["clients"].replace("801", text), prefix=text) for text in ("700", "800")
    )
    world.take(old)
    sent = world.deliver(SAMPLE)
    world.take(old, late, old)
    world.settle()
    assert [message.body for message in sent] == SAMPLE_MESSAGES
    assert world.received() == []
    assert world.rows("SELECT version FROM dataharvest.business_day") == [(2,)]


def test_the_same_portfolio_on_the_next_day_is_a_delivery_of_its_own(world: World) -> None:
    world.deliver(SAMPLE)
    sent = world.deliver({**SAMPLE, "accounts": SAMPLE["accounts"].replace("-56.00", "-57.00")}, day="20220227")
    assert [message.body for message in sent if message.body.get("portfolio_reference") == PORTFOLIO_2] == [
        {**SAMPLE_MESSAGES[2], "cash_balance": "-57.00"}
    ]
    assert len(sent) == 4


def test_two_external_clients_may_use_the_same_references(world: World) -> None:
    world.deliver(SAMPLE)
    assert [message.body for message in world.deliver(SAMPLE, client="OTHER")] == SAMPLE_MESSAGES


def test_work_that_was_asked_for_an_older_version_does_nothing(world: World) -> None:
    events = world.upload_all(SAMPLE)
    world.take(*events)
    (first,) = {stage for record in world.stream() for stage in world.functions.dispatcher.dispatch(record)}
    assert first == "relationship"
    world.take(world.upload("clients", SAMPLE["clients"].replace("801", "900")))
    old, new = (world.delivery(version) for version in (1, 2))
    assert not world.work("relationship", old)
    assert not world.work("catapult", old)
    assert world.work("relationship", new)
    world.settle()
    assert [
        message.body["tax_free_allowance"]
        for message in world.received()
        if message.body.get("client_reference") == FRIDA
    ] == ["900"]
