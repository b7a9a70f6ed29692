"""An empty Metabase is provisioned with three dashboards, and restored to them after any change by users."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_metabase import State

from metabase.files import FOLDER, load
from metabase.provision.identity import entity_id

DRIFTS: dict[str, tuple[Callable[[Any], object], str]] = {}


def drift(expected: str) -> Callable[[Callable[[Any], object]], Callable[[Any], object]]:
    """Register a change that a user makes in a provisioned Metabase, with the plan that is expected after it."""

    def registered(function: Callable[[Any], object]) -> Callable[[Any], object]:
        DRIFTS[function.__name__] = (function, expected)
        return function

    return registered


def _dashcard(world: Any, dashboard: str, card: str) -> dict[str, Any]:
    identifier = world.row("cards", card)["id"]
    return next(
        candidate for candidate in world.row("dashboards", dashboard)["dashcards"] if candidate["card_id"] == identifier
    )


@drift('update question \'total\'\n    name: "Something else" -> "All sales"\n1 change')
def renamed_card(world: Any) -> None:
    world.row("cards", "All sales")["name"] = "Something else"


@drift(
    "update dashboard 'sales'\n    cards.Overview/total.col: 3 -> 0\n    cards.Overview/total.row: 40 -> 1\n1 change"
)
def moved_card(world: Any) -> None:
    _dashcard(world, "Sales", "All sales").update(row=40, col=3)


@drift(
    'update question \'total\'\n    query.sql: "SELECT 1" -> "SELECT sum(amount) AS amount FROM shops.sales"\n1 change'
)
def changed_query(world: Any) -> None:
    world.row("cards", "All sales")["query"]["sql"] = "SELECT 1"


@drift("create dashboard 'prices'\n1 change")
def deleted_dashboard(world: Any) -> None:
    world.state.rows("dashboards").remove(world.row("dashboards", "Prices"))


@drift("restore dashboard 'prices'\n    archived: true -> false")
def binned_dashboard(world: Any) -> None:
    world.row("dashboards", "Prices")["archived"] = True


@drift('update dashboard \'health\'\n    filters.shop.default: ["south"] -> ["north"]\n1 change')
def changed_filter(world: Any) -> None:
    world.row("dashboards", "Health")["parameters"][0]["default"] = ["south"]


@drift("update dashboard 'health'\n    cards.card ")
def extra_card(world: Any) -> None:
    card = world.state.add("cards", {**world.row("cards", "All sales"), "name": "Mine", "entity_id": "m" * 21})
    card["id"] = world.state.data["last_id"] = world.state.data["last_id"] + 1
    first = world.row("dashboards", "Health")["dashcards"][0]
    world.row("dashboards", "Health")["dashcards"].append({**first, "id": 99_999, "card_id": card["id"], "row": 50})


@drift('update permissions \'collection permissions\'\n    Analysts on House: "none" -> "read"\n1 change')
def revoked_permission(world: Any) -> None:
    group, collection = world.row("groups", "Analysts")["id"], world.row("collections", "House")["id"]
    world.state.data["collection_graph"]["groups"][str(group)][str(collection)] = "none"


@drift('update permissions \'collection permissions\'\n    Interns on House: "write" -> "read"\n1 change')
def granted_editing(world: Any) -> None:
    group, house = world.state.add("groups", {"name": "Interns"})["id"], world.row("collections", "House")["id"]
    world.state.data["collection_graph"]["groups"][str(group)] = {str(house): "write"}


@drift('update permissions \'database permissions\'\n    All Users on Lake: "query-builder" -> "no"\n1 change')
def granted_queries(world: Any) -> None:
    database = world.row("databases", "Lake")["id"]
    world.state.data["data_graph"]["groups"]["1"][str(database)]["create-queries"] = "query-builder"


@drift(
    "update database 'Lake'\n"
    '    details.workgroup: "expensive" -> "primary"\n'
    "    is_full_sync: true -> false\n1 change"
)
def changed_database_setting(world: Any) -> None:
    database = world.row("databases", "Lake")
    database["is_full_sync"] = True
    database["details"]["workgroup"] = "expensive"


@drift('update question \'total\'\n    description: "Trust me" -> "What is sold.')
def changed_description(world: Any) -> None:
    world.row("cards", "All sales")["description"] = "Trust me"


@drift('update description \'shops.sales\'\n    column amount: "Whatever" -> "Pieces"\n1 change')
def changed_column_description(world: Any) -> None:
    fields = world.row("tables", "sales")["fields"]
    next(field for field in fields if field["name"] == "amount")["description"] = "Whatever"


@drift("create question 'total'\nupdate dashboard 'sales'\n    cards.Overview/")
def deleted_question(world: Any) -> None:
    world.state.rows("cards").remove(world.row("cards", "All sales"))


@drift("restore question 'total'\n    archived: true -> false")
def archived_question(world: Any) -> None:
    world.row("cards", "All sales")["archived"] = True


@drift("update question 'total'\n    collection_id: ")
def moved_question(world: Any) -> None:
    world.row("cards", "All sales")["collection_id"] = world.row("collections", "Sandbox")["id"]


@drift("update dashboard 'sales'\n    collection_id: ")
def moved_dashboard(world: Any) -> None:
    world.row("dashboards", "Sales")["collection_id"] = world.row("collections", "Sandbox")["id"]


@drift("update dashboard 'sales'\n    description: nothing -> \"How much is sold.")
def cleared_dashboard_description(world: Any) -> None:
    world.row("dashboards", "Sales")["description"] = None


@drift('    tabs: ["Overview", "Branches"] -> ["Overview", "Shops"]')
def renamed_tab(world: Any) -> None:
    world.row("dashboards", "Sales")["tabs"][1]["name"] = "Branches"


@drift("update dashboard 'sales'\n    cards.Overview/sales_by_day.filters.")
def cut_wire(world: Any) -> None:
    _dashcard(world, "Sales", "Sales by day")["parameter_mappings"].clear()


@drift("update question 'best_shops'\n    query.variables.top.default: 99 -> 10\n1 change")
def changed_variable(world: Any) -> None:
    world.row("cards", "Shops that sell most")["query"]["tags"]["top"]["default"] = 99


@drift("restore collection 'House'\n    archived: true -> false\n1 change")
def archived_collection(world: Any) -> None:
    world.row("collections", "House")["archived"] = True


@drift("update setting 'homepage'\n    custom-homepage: false -> true\n1 change")
def another_homepage(world: Any) -> None:
    world.state.data["settings"]["custom-homepage"] = False


@pytest.mark.parametrize("tags", ["list", pytest.param("map", marks=pytest.mark.long)])
@pytest.mark.parametrize("name", DRIFTS)
def test_drift_is_named_by_a_plan_and_mended_by_an_apply(world: Any, name: str) -> None:
    change, expected = DRIFTS[name]
    change(world)
    assert world.run("plan") == 2, world.err
    assert expected in world.out
    assert world.sent() == []
    assert world.run("apply") == 0, world.err
    assert expected.splitlines()[0] in world.out
    assert world.run("plan") == 0, world.out
    assert world.out == "0 changes\n"


def test_an_empty_metabase_gets_three_dashboards_and_the_second_run_changes_nothing(empty: Any) -> None:
    assert empty.run("plan") == 2
    assert "create dashboard 'sales'" in empty.out
    assert empty.sent() == []
    assert empty.run("apply") == 0, empty.err
    assert empty.out.endswith("changes, 10 cards run\n")
    assert sorted(row["name"] for row in empty.state.rows("dashboards")) == ["Health", "Prices", "Sales"]
    assert sum(len(row["dashcards"]) for row in empty.state.rows("dashboards")) == 12
    empty.sent()
    assert (empty.run("plan"), empty.out) == (0, "0 changes\n")
    assert (empty.run("apply"), empty.out) == (0, "0 changes, 10 cards run\n")
    assert empty.sent() == []


def test_an_apply_keeps_the_ids_of_cards_and_tabs_that_stay(world: Any) -> None:
    before = {dashcard["id"] for dashcard in world.row("dashboards", "Sales")["dashcards"]}
    tabs = [tab["id"] for tab in world.row("dashboards", "Sales")["tabs"]]
    moved_card(world)
    renamed_tab(world)
    assert world.run("apply") == 0
    assert {dashcard["id"] for dashcard in world.row("dashboards", "Sales")["dashcards"]} == before
    assert [tab["id"] for tab in world.row("dashboards", "Sales")["tabs"]] == tabs


def test_objects_of_people_survive_even_in_managed_places(world: Any) -> None:
    questions, house = (world.row("collections", name)["id"] for name in ("Questions", "House"))
    ours = world.row("cards", "All sales")
    world.state.add(
        "cards", {**ours, "id": 7001, "entity_id": "p" * 21, "name": "All sales", "collection_id": questions}
    )
    copied = {**world.row("dashboards", "Sales"), "id": 7002, "entity_id": "d" * 21, "points_of_interest": None}
    world.state.add("dashboards", {**copied, "collection_id": house})
    extra_card(world)
    renamed_card(world)
    kept = [dict(world.state.find("cards", 7001)), dict(world.state.find("dashboards", 7002))]
    assert world.run("apply") == 0, world.err
    assert [world.state.find("cards", 7001), world.state.find("dashboards", 7002)] == kept
    assert not world.row("cards", "Mine")["archived"]
    assert (world.run("plan"), world.out) == (0, "0 changes\n")


def test_a_copy_is_not_taken_for_a_dashboard_that_was_deleted(world: Any) -> None:
    sales = world.row("dashboards", "Sales")
    copied = {**sales, "id": 7002, "entity_id": "d" * 21, "points_of_interest": None, "name": "Sales - Duplicate"}
    world.state.rows("dashboards").remove(sales)
    world.state.rows("dashboards").append(copied)
    assert world.run("apply") == 0, world.err
    assert "create dashboard 'sales'\n" in world.out
    assert world.row("dashboards", "Sales - Duplicate") == copied


def test_a_question_saved_inside_a_managed_dashboard_is_moved_out_and_not_archived(world: Any) -> None:
    extra_card(world)
    world.row("cards", "Mine")["dashboard_id"] = world.row("dashboards", "Health")["id"]
    assert world.run("apply") == 0, world.err
    assert "note: question 'Mine' was saved inside dashboard 'Health': now in the sandbox\n" in world.out
    question = world.row("cards", "Mine")
    assert (question["archived"], question["collection_id"]) == (False, world.row("collections", "Sandbox")["id"])


def test_what_the_code_has_no_more_is_archived_and_comes_back_with_it(world: Any, tmp_path: Path) -> None:
    whole = world.folder
    world.folder = tmp_path / "site"
    shutil.copytree(whole, world.folder)
    for gone in ("dashboards/prices.toml", "questions/scatter.sql"):
        (world.folder / gone).unlink()
    (world.folder / "questions" / "mix.sql").unlink()
    mix = world.row("cards", "Sales and returns")
    world.state.add("cards", {**mix, "id": 7003, "entity_id": "c" * 21, "name": "Somebody's copy"})
    assert world.run("plan") == 2
    archived = "archive dashboard 'prices'\narchive question 'mix'\narchive question 'scatter'\n3 changes"
    assert sorted(world.out.splitlines()) == sorted(archived.splitlines())
    assert world.run("apply") == 0, world.err
    assert world.row("dashboards", "Prices")["archived"]
    assert world.state.find("cards", entity_id("scatter"))["archived"]
    assert not world.row("cards", "Somebody's copy")["archived"]
    assert (world.run("plan"), world.out) == (0, "0 changes\n")
    world.folder = whole
    assert world.run("apply") == 0, world.err
    assert "restore dashboard 'prices'" in world.out
    assert (world.run("plan"), world.out) == (0, "0 changes\n")


def test_a_collection_of_a_declared_name_is_taken_over_with_what_people_have_in_it(empty: Any) -> None:
    house = {"name": "House", "description": "ours", "location": "/", "archived": False, "personal_owner_id": None}
    identifier = empty.state.add("collections", {**house, "type": None})["id"]
    assert empty.run("apply") == 0, empty.err
    assert "update collection 'House'" in empty.out
    assert [row["id"] for row in empty.state.rows("collections") if row["name"] == "House"] == [identifier]
    assert empty.row("dashboards", "Sales")["collection_id"] == identifier


def test_of_two_marked_collections_the_one_that_is_not_archived_counts(world: Any) -> None:
    house = world.row("collections", "House")
    for number in range(6):
        world.state.rows("collections").append({**house, "id": 9000 + number, "archived": True})
    assert (world.run("plan"), world.out) == (0, "0 changes\n")


def test_what_metabase_holds_outlives_its_process(world: Any, tmp_path: Path) -> None:
    world.state.file = tmp_path / "state.json"
    renamed_card(world)
    assert world.run("apply") == 0, world.err
    world.state.data = State(file=world.state.file).data
    assert (world.run("plan"), world.out) == (0, "0 changes\n")


def test_analysts_may_view_and_only_engineers_may_edit(world: Any) -> None:
    rights = world.state.data["collection_graph"]["groups"]
    ids = {name: str(world.row("groups", name)["id"]) for name in ("All Users", "Analysts", "Engineers")}
    collections = {name: str(world.row("collections", name)["id"]) for name in ("House", "Questions", "Sandbox")}
    access = {
        name: [rights[group].get(collection, "none") for collection in collections.values()]
        for name, group in ids.items()
    }
    assert access == {
        "All Users": ["none", "none", "none"],
        "Analysts": ["read", "read", "write"],
        "Engineers": ["write", "write", "write"],
    }


def test_permissions_that_somebody_else_changes_meanwhile_are_read_anew(world: Any) -> None:
    revoked_permission(world)
    world.state.conflicts = 2
    assert world.run("apply") == 0, world.err
    assert (world.run("plan"), world.out) == (0, "0 changes\n")


def test_an_interrupted_creation_is_taken_up_again(world: Any) -> None:
    dashboard = world.row("dashboards", "Sales")
    dashboard.update(points_of_interest=None, dashcards=[], tabs=[], parameters=[], auto_apply_filters=True)
    assert world.run("apply") == 0, world.err
    assert world.row("dashboards", "Sales")["id"] == dashboard["id"]
    assert len(world.state.rows("dashboards")) == 3


def test_athenas_key_is_sent_again_only_when_asked_for(world: Any) -> None:
    world.environment["METABASE_ATHENA_SECRET_KEY"] = "another-secret"
    assert (world.run("apply"), world.out) == (0, "0 changes, 10 cards run\n")
    assert world.run("apply", "--rotate-credentials") == 0
    assert world.row("databases", "Lake")["details"]["secret_key"] == "another-secret"


def test_every_kind_of_chart_reaches_metabase_in_its_words(world: Any) -> None:
    settings = {row["display"]: row["visualization_settings"] for row in world.state.rows("cards")}
    assert settings.keys() == {"line", "row", "table", "scalar", "smartscalar", "combo", "scatter"}
    assert [settings[display]["scalar.field"] for display in ("scalar", "smartscalar")] == ["amount", "amount"]
    assert settings["smartscalar"]["scalar.switch_positive_negative"] is False
    assert settings["table"]["table.columns"] == [{"name": "shop", "enabled": True}]
    line = settings["line"]
    assert (line["graph.dimensions"], line["graph.metrics"]) == (["day", "shop"], ["amount"])
    assert (line["graph.y_axis.title_text"], line["graph.goal_value"]) == ("Sales (pieces)", 100)
    assert settings["combo"]["series_settings"]["share"] == {
        "title": "Returned",
        "color": "#8a63d2",
        "display": "line",
        "axis": "right",
    }
    assert settings["combo"]["column_settings"]['["name","share"]']["number_style"] == "percent"
    assert (settings["scatter"]["scatter.bubble"], settings["scatter"]["graph.y_axis.scale"]) == ("staff", "log")
    assert line["series_settings"] == {"north": {"color": "#3b7dd8"}, "share": {"color": "#8a63d2"}}


def test_the_filters_of_a_dashboard_reach_the_variables_of_its_cards(world: Any) -> None:
    sales = world.row("dashboards", "Sales")
    names = {parameter["id"]: parameter["slug"] for parameter in sales["parameters"]}
    wired = sorted(
        (names[mapping["parameter_id"]], mapping["target"][1][1])
        for dashcard in sales["dashcards"]
        for mapping in dashcard["parameter_mappings"]
    )
    assert wired == [("begin", "since"), ("begin", "since"), ("shop", "shop"), ("top", "top")]


def test_the_files_of_this_project_are_provisioned_too(empty: Any) -> None:
    empty.folder = FOLDER
    assert empty.run("apply") == 0, empty.err
    assert {row["name"] for row in empty.state.rows("dashboards")} == {
        dashboard.title for dashboard in load().dashboards
    }
    cards = empty.row("dashboards", "Fees")["dashcards"]
    hidden = [card["row"] for card in cards if card["visualization_settings"].get("card.hide_empty")]
    assert hidden == [0, 0], "a warning on each tab, hidden while all is complete"
    assert (empty.run("plan"), empty.out) == (0, "0 changes\n")


def test_a_plan_in_json_names_its_changes(world: Any) -> None:
    renamed_card(world)
    assert world.run("plan", "--json") == 2
    expected = '{"changes": [{"action": "update", "kind": "question", "name": "total"}], "notes": [], "cards_run": 0}\n'
    assert world.out == expected
