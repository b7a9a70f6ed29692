"""The file generator: the same seed gives the same files, with only the requested contradictions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harvest_world import World

from demo.harvest_check import recompute, values_of
from harvest_files.day import Day
from harvest_files.files import files


def contents(day: Day) -> dict[str, str]:
    return {key.split("/")[1].split("_")[0]: b"".join(parts).decode() for key, parts in files(day)}


def test_a_day_depends_on_its_description_only() -> None:
    day = Day(clients=3, portfolios=4, transactions=50)
    assert contents(day) == contents(replace(day))
    corrected = contents(replace(day, correction=1))
    assert {kind for kind, text in contents(day).items() if text != corrected[kind]} == {"accounts", "transactions"}


def test_the_demos_recomputation_agrees_with_the_messages(world: World, tmp_path: Path) -> None:
    """The same files are processed twice: by DuckDB in the demo, and by the functions."""
    written = contents(Day(clients=4, portfolios=6, transactions=80, with_errors=True))
    paths = {kind: tmp_path / kind for kind in written}
    for kind, path in paths.items():
        path.write_text(written[kind], "utf-8")
    sent = [message.body for message in world.deliver(written) if message.body["type"] != "error_message"]
    sent_values = {(body["type"], list(body.values())[1]): values_of(body) for body in sent}
    assert sent_values == recompute(paths)
    assert any(None in values for values in sent_values.values())


def test_a_day_agrees_with_itself_and_one_with_errors_loses_nothing(world: World) -> None:
    day = Day(clients=3, portfolios=4, transactions=50)
    types = [message.body["type"] for message in world.deliver(contents(day))]
    assert types == ["client_message"] * 3 + ["portfolio_message"] * 4
    sent = world.deliver(contents(replace(day, with_errors=True)), client="WRONG")
    types = [message.body["type"] for message in sent]
    assert (types.count("client_message"), types.count("portfolio_message")) == (4, 8)
    reasons = {message.body["message"].split(" ", 2)[0] for message in sent if message.body["type"] == "error_message"}
    assert reasons == {"accounts:", "clients:", "portfolios:", "transactions:"}
    assert types.count("error_message") >= 10
