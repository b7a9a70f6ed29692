"""A dashboard's file: TOML with filters, tabs and cards on the grid."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import get_args

from metabase import model
from metabase.fields import Fields
from metabase.model import GRID, Card, Dashboard, Filter, Place, Question, Tab
from metabase.question_file import toml_fields, value_of
from metabase.template import NAME


def read_dashboard(key: str, file: str, text: str, questions: Mapping[str, Question]) -> Dashboard:
    """Return the dashboard in ``text``, composed of ``questions`` by key. Raises DefinitionError with file and line."""
    fields = toml_fields(file, text)
    filters: list[tuple[Filter, Fields]] = [(_filter(table, questions), table) for table in fields.tables("filters")]
    _check_distinct(filters)
    known = tuple(declared for declared, _ in filters)
    dashboard = Dashboard(
        key=key,
        file=file,
        title=fields.text("title"),
        description=fields.text("description"),
        full_width=fields.flag("full_width"),
        filters=known,
        tabs=tuple(_tab(table, known, questions) for table in fields.tables("tabs")),
        source=fields.text("source", ""),
    )
    fields.done()
    if not dashboard.tabs:
        raise fields.error("tabs", "the dashboard has no tab; give at least one [[tabs]] with [[tabs.cards]]")
    titles = [tab.title for tab in dashboard.tabs]
    if len(set(titles)) < len(titles):
        raise fields.error(
            "tabs", f"two tabs are called {next(title for title in titles if titles.count(title) > 1)!r}"
        )
    wired = {name for card in dashboard.cards for name in card.wiring}
    for filter_, place in filters:
        if filter_.key not in wired:
            raise place.error("key", f"filter {filter_.key!r} reaches no card: no question has a variable of this name")
    return dashboard


def _filter(fields: Fields, questions: Mapping[str, Question]) -> Filter:
    kind = fields.choice("type", get_args(model.VariableType), "text")
    filter_ = Filter(
        key=fields.text("key"),
        title=fields.text("title"),
        type=kind,
        default=value_of(kind, fields, "default"),
        values=fields.texts("values"),
        values_question=fields.text("values_question", ""),
        values_column=fields.text("values_column", ""),
    )
    fields.done()
    if not re.fullmatch(NAME, filter_.key):
        raise fields.error("key", f"filter {filter_.key!r} is not lower snake case")
    if kind != "text" and (filter_.values or filter_.values_question):
        raise fields.error("type", f"choices are for text filters, and {filter_.key!r} is of type {kind!r}")
    if filter_.values and filter_.values_question:
        raise fields.error("values_question", f"filter {filter_.key!r} has both values and values_question")
    if filter_.values and filter_.default is not None and filter_.default not in filter_.values:
        raise fields.error("default", f"default {filter_.default!r} is not one of the values", filter_.values)
    _check_choices(filter_, fields, questions)
    return filter_


def _check_choices(filter_: Filter, fields: Fields, questions: Mapping[str, Question]) -> None:
    if bool(filter_.values_question) != bool(filter_.values_column):
        raise fields.error("values_question", "values_question and values_column are given together")
    if not filter_.values_question:
        return
    if filter_.values_question not in questions:
        raise fields.error("values_question", f"there is no question {filter_.values_question!r}", sorted(questions))
    columns = [column.name for column in questions[filter_.values_question].columns]
    if filter_.values_column not in columns:
        problem = f"question {filter_.values_question!r} declares no column {filter_.values_column!r}"
        raise fields.error("values_column", problem, columns)


def _check_distinct(filters: list[tuple[Filter, Fields]]) -> None:
    seen: set[str] = set()
    for filter_, fields in filters:
        if filter_.key in seen:
            raise fields.error("key", f"filter {filter_.key!r} is declared twice")
        seen.add(filter_.key)


def _tab(fields: Fields, filters: tuple[Filter, ...], questions: Mapping[str, Question]) -> Tab:
    placed = [(_card(table, filters, questions), table) for table in fields.tables("cards")]
    tab = Tab(fields.text("title"), tuple(card for card, _ in placed))
    fields.done()
    if not placed:
        raise fields.error("cards", f"tab {tab.title!r} has no card")
    for number, (card, place) in enumerate(placed):
        for other, before in placed[:number]:
            if card.place.overlaps(other.place):
                problem = f"the card covers cells of the card at line {before.start}; move or shrink one of them"
                raise place.error("row", problem)
    return tab


def _card(fields: Fields, filters: tuple[Filter, ...], questions: Mapping[str, Question]) -> Card:
    kinds = [kind for kind in ("question", "heading", "text") if kind in fields.table]
    if len(kinds) != 1:
        given = " and ".join(kinds) or "none of them"
        raise fields.error("", f"a card is one of question, heading and text, and this one has {given}")
    if kinds != ["question"]:
        return _text_card(fields)
    key = fields.text("question")
    if key not in questions:
        raise fields.error("question", f"there is no question {key!r}", sorted(questions))
    card = Card(_place(fields), key, fields.text("title", ""), wiring=_wiring(fields, filters, questions[key]))
    fields.done()
    return card


def _text_card(fields: Fields) -> Card:
    card = Card(_place(fields), heading=fields.text("heading", ""), text=fields.text("text", ""))
    fields.done()
    return card


def _place(fields: Fields) -> Place:
    place = Place(fields.whole("row"), fields.whole("col"), fields.whole("width"), fields.whole("height"))
    for key, size in (("width", place.width), ("height", place.height)):
        if not size:
            raise fields.error(key, f"{key} 0 leaves nothing to see")
    if place.col + place.width > GRID:
        problem = f"columns {place.col} to {place.col + place.width - 1} leave the grid"
        raise fields.error("col", problem, (f"columns 0 to {GRID - 1}",))
    return place


def _wiring(fields: Fields, filters: tuple[Filter, ...], question: Question) -> dict[str, str]:
    """Return variables by filter: those with the filter's name, changed by ``wiring``, except those in ``unwired``."""
    variables = {declared.name: declared for declared in question.variables}
    known = {filter_.key: filter_ for filter_ in filters}
    wiring = {key: key for key in known if key in variables}
    for key in fields.texts("unwired"):
        if key not in wiring:
            raise fields.error("unwired", f"filter {key!r} does not reach question {question.key!r}", sorted(wiring))
        del wiring[key]
    for key, variable in (fields.anything("wiring") or {}).items():
        if key not in known:
            raise fields.error("wiring", f"there is no filter {key!r}", sorted(known))
        if variable not in variables:
            raise fields.error("wiring", f"question {question.key!r} has no variable {variable!r}", sorted(variables))
        wiring[key] = variable
    for key, variable in wiring.items():
        if known[key].type != variables[variable].type:
            problem = f"filter {key!r} is of type {known[key].type!r}, variable {variable!r} of {question.key!r} is not"
            raise fields.error("question", problem, (variables[variable].type,))
    if len(set(wiring.values())) < len(wiring):
        raise fields.error("wiring", f"two filters set one variable of question {question.key!r}")
    return wiring
