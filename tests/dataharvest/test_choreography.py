"""Declarations: discovered without registration, ordered by their flags, refused if they contradict each other."""

from __future__ import annotations

from typing import Any

import pytest

from dataharvest import resources
from dataharvest.model.choreography import BY_PORTFOLIO, KIND_FLAGS, Stage, assemble, choreography
from dataharvest.model.transformer import CLIENT, PORTFOLIO, Transformer, Value
from estrela.errors import DefinitionError


def step(name: str, *needs: str, flag: str = "", values: tuple[Value, ...] = ()) -> Transformer:
    return Transformer(name, "", needs or KIND_FLAGS, flag or f"{name}_done", values=values)


def test_the_transformers_are_found_and_the_catapult_needs_them_all() -> None:
    stages = {stage.name: (stage.needs, stage.flag) for stage in choreography().stages}
    assert stages == {
        "relationship": (KIND_FLAGS, "relation_established"),
        "sum_deposit": (("relation_established",), "deposits_summed"),
        "transaction": (("relation_established",), "transactions_counted"),
        "tax": (("relation_established",), "taxes_summed"),
        "catapult": (
            ("relation_established", "deposits_summed", "taxes_summed", "transactions_counted"),
            "messages_sent",
        ),
    }


def test_a_further_transformer_delays_the_catapult_and_nothing_else() -> None:
    more = assemble([*choreography().transformers, step("fees", "taxes_summed")])
    assert "fees_done" in more.stages[-1].needs
    assert more.stages[-1].starts({"version": 1}, {"version": 1, **dict.fromkeys(more.stages[-1].needs, True)})
    without = dict.fromkeys((flag for flag in more.stages[-1].needs if flag != "fees_done"), True)
    assert not more.stages[-1].starts({"version": 1}, {"version": 1, **without})


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ([step("a", "b_done"), step("b", "a_done")],
         "Choreography: transformers depend on each other in a cycle: a_done -> b_done -> a_done"),
        ([step("a", "b_done")], "Transformer('a'): needs the flag 'b_done', which nothing sets; allowed: "
         "client_persisted, portfolio_persisted, account_persisted, transaction_persisted, a_done"),
        ([step("a"), step("a", flag="other")], "Choreography: 2 declarations are called 'a'"),
        ([step("a", flag="x"), step("b", flag="x")], "Choreography: 2 declarations set the flag 'x'"),
        ([step("a", flag="messages_sent")], "Choreography: 2 declarations set the flag 'messages_sent'"),
        ([step("a", values=(Value(CLIENT, "f", "SELECT"),)), step("b", values=(Value(CLIENT, "f", "SELECT"),))],
         "Choreography: 2 declarations add the field 'client.f'"),
    ],
)  # fmt: skip
def test_declarations_that_contradict_each_other_are_refused(declared: list[Transformer], message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        assemble(declared)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: step("A"), "Transformer('A'): 'A' is not a name of lower-case letters, digits and underscores"),
        (lambda: Transformer("a", "", (), "f"), "Transformer('a'): needs no flag, so nothing would start it"),
        (lambda: step("a", values=(Value("agent", "f", "SELECT"),)),
         "Transformer('a'): f has the level 'agent'; allowed: client, portfolio"),
        (lambda: Transformer("a", "", KIND_FLAGS, "f", statements=("SELECT %(day)s",)),
         "Transformer('a'): its SQL has the parameter 'day'; allowed: delivery, client_file, portfolio_file, "
         "account_file, transaction_file"),
    ],
)  # fmt: skip
def test_a_wrong_declaration_is_refused(make: object, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        make()  # type: ignore[operator]
    assert str(caught.value) == message


def test_a_large_delivery_is_announced_and_its_streamed_transformers_are_not_asked() -> None:
    stages = (*choreography().stages, *choreography().announcer)
    related = {"version": 1, **dict.fromkeys((*KIND_FLAGS, "relation_established"), True)}
    assert [stage.name for stage in stages if stage.starts(None, related)] == ["sum_deposit", "tax", "transaction"]
    large = {**related, BY_PORTFOLIO: True}
    assert [stage.name for stage in stages if stage.starts(None, large)] == ["tax", "announcer"]


@pytest.mark.parametrize(
    "given",
    [
        {"statements": ("SELECT 1",)},
        {"values": (Value(CLIENT, "f", "SELECT {of_portfolios}"),)},
        {"values": (Value(PORTFOLIO, "f", "SELECT {of_portfolios}", sensitive=True),)},
        {"values": (Value(PORTFOLIO, "f", "SELECT"),)},
    ],
)
def test_a_transformer_with_a_stream_that_cannot_be_divided_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError) as caught:
        Transformer("a", "", KIND_FLAGS, "f", stream="s", **given)
    assert str(caught.value) == (
        "Transformer('a'): has a stream, so it may declare only findings, checks, and values of portfolios that are "
        "not sensitive and whose SQL has {of_portfolios}"
    )


def test_every_stream_has_one_reader() -> None:
    """A shard throttles beyond two readers, so only the dispatcher reads the metastore's stream, for all stages."""
    read = [
        (mapping.source, function.name)
        for function in resources.functions(choreography())
        for mapping in function.mappings
        if mapping.kind != resources.QUEUE
    ]
    assert sorted(read) == [
        ("dataharvest", "dataharvest_dispatcher"),
        ("dataharvest-deposits", "dataharvest_sum_deposit_transformer"),
        ("dataharvest-transactions", "dataharvest_transaction_transformer"),
    ]


READY = {"version": 1, "a": True, "b": True}


@pytest.mark.parametrize(
    ("old", "new", "starts"),
    [
        (None, READY, True),
        ({"version": 1, "a": True}, READY, True),
        (READY, {**READY, "other": True}, False),  # a later write to a ready item
        ({"version": 1, "a": True}, {**READY, "c": True}, False),  # done already
        ({**READY, "c": True}, {**READY, "version": 2}, True),  # a new version begins with what the old one had
        (None, {"version": 1, "a": True}, False),
    ],
)
def test_a_stage_starts_on_the_change_that_makes_it_ready(
    old: dict[str, object] | None, new: dict[str, object], starts: bool
) -> None:
    assert Stage("s", ("a", "b"), "c").starts(old, new) is starts
