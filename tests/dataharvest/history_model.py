"""Small deliveries with their expected messages, computed without a database."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from random import Random
from typing import Any

from harvest_world import Sent

from dataharvest.model.kind import KINDS

State = dict[tuple[str, str], tuple[Any, ...]]
"""State of a consumer: the values of the newest message of each type and reference."""
ACCOUNTS = ("a1", "a2", "a3")
OWNERS = {"a1": "c1", "a2": "c1", "a3": "c2"}


def variant(kind: str, random: Random) -> list[tuple[str, ...]]:
    """Return rows of a file; random clients and portfolios are missing from it."""
    accounts = [account for account in ACCOUNTS if random.random() < 0.8]
    if kind == "clients":
        return [("1", "F", "L", name, str(random.randint(0, 3))) for name in ("c1", "c2") if random.random() < 0.9]
    if kind == "portfolios":
        return [("1", account, f"p{account}", OWNERS[account], "X") for account in accounts]
    if kind == "accounts":
        return [("1", account, str(random.randint(-2, 2)), "EUR", str(random.randint(0, 2))) for account in ACCOUNTS]
    return [
        ("1", random.choice(ACCOUNTS), f"t{at}", str(random.randint(1, 5)), random.choice(("DEPOSIT", "TAX", "GIFT")))
        for at in range(random.randint(0, 5))
    ]


def to_csv(kind: str, rows: list[tuple[str, ...]]) -> str:
    header = next(candidate for candidate in KINDS if candidate.name == kind).columns
    return "\n".join([",".join(column.name for column in header), *map(",".join, rows)])


def model(files: Mapping[str, list[tuple[str, ...]]]) -> State:
    """Return the messages of a delivery."""
    cash, taxes = ({row[1]: row[at] for row in files["accounts"]} for at in (2, 4))
    owned = [(row[2], row[1], row[3]) for row in files["portfolios"]]
    state: State = {}
    for _, _, _, client, allowance in files["clients"]:
        paid = sum((Decimal(taxes[account]) for _, account, owner in owned if owner == client), Decimal())
        state["client_message", client] = (allowance, str(paid))
    for portfolio, account, _ in owned:
        own = [
            (Decimal(amount), keyword) for _, number, _, amount, keyword in files["transactions"] if number == account
        ]
        deposits = sum((amount for amount, keyword in own if keyword == "DEPOSIT"), Decimal())
        state["portfolio_message", portfolio] = (cash[account], len(own), str(deposits))
    return state


def consume(sent: list[Sent]) -> State:
    """Return the state of a consumer after messages in order of their versions. Each message may arrive only once."""
    keys = [sent_message.key for sent_message in sent]
    assert len(keys) == len(set(keys)), "a message came twice"
    state: State = {}
    for message in sorted(sent, key=lambda sent_message: int(sent_message.attributes["version"])):
        body = message.body
        owner = body.get("client_reference") or body.get("portfolio_reference")
        if body["type"] != "error_message":
            values = tuple(body.values())[2:]
            assert state.get((body["type"], owner)) != values, "a message was sent again without a change"
            corrects = message.attributes.get("corrects")
            assert (corrects is not None) == ((body["type"], owner) in state)
            state[body["type"], owner] = values
        elif " is void: " in body["message"]:
            del state[body["message"].split()[0], owner]
    return state
