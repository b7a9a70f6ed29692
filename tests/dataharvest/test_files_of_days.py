"""The generator: the same seed gives the same files, and only the contradictions that are asked for."""

from __future__ import annotations

from dataclasses import replace

from harvest_world import World

from harvest_files.day import Day
from harvest_files.files import files


def contents(day: Day) -> dict[str, str]:
    return {key.split("/")[1].split("_")[0]: b"".join(parts).decode() for key, parts in files(day)}


def test_a_day_depends_on_its_description_only() -> None:
    day = Day(clients=3, portfolios=4, transactions=50)
    assert contents(day) == contents(replace(day))
    corrected = contents(replace(day, correction=1))
    assert {kind for kind, text in contents(day).items() if text != corrected[kind]} == {"accounts", "transactions"}


def test_a_day_agrees_with_itself_and_one_with_errors_loses_nothing(world: World) -> None:
    day = Day(clients=3, portfolios=4, transactions=50)
    types = [one.body["type"] for one in world.deliver(contents(day))]
    assert types == ["client_message"] * 3 + ["portfolio_message"] * 4
    sent = world.deliver(contents(replace(day, with_errors=True)), client="WRONG")
    types = [one.body["type"] for one in sent]
    assert (types.count("client_message"), types.count("portfolio_message")) == (4, 8)
    reasons = {one.body["message"].split(" ", 2)[0] for one in sent if one.body["type"] == "error_message"}
    assert reasons == {"accounts:", "clients:", "portfolios:", "transactions:"}
    assert types.count("error_message") >= 10
