"""Questions and dashboards, described independently of the program that draws them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from metabase.template import Value, fill, literal

Chart = Literal["bar", "row", "line", "area", "combo", "scatter", "scalar", "trend", "table"]
Format = Literal["text", "integer", "decimal", "percent", "currency", "date"]
Scale = Literal["category", "time", "number"]
MeasureScale = Literal["linear", "log"]
Stack = Literal["none", "stacked", "normalized"]
VariableType = Literal["text", "number", "date"]
Engine = Literal["athena", "postgres"]
Server = Literal["warehouse", "dataharvest"]

GRID = 24
"""Columns of a dashboard's grid."""
UNITS = {"percent": "%", "currency": "R$"}
"""Units that are implied by a format."""


@dataclass(frozen=True)
class Column:
    """A column of a question's answer: its title, its unit and its format.

    ``percent`` values are shares from 0 to 1; ``currency`` is BRL. ``draw`` and ``axis`` are only for combo charts.
    """

    name: str
    title: str
    format: Format = "text"
    unit: str = ""
    decimals: int | None = None
    suffix: str = ""
    draw: Literal["bar", "line", "area"] = "bar"
    axis: Literal["left", "right"] = "left"
    bars: bool = False
    hidden: bool = False

    @property
    def label(self) -> str:
        """The title with its unit, for an axis."""
        unit = self.unit or UNITS.get(self.format, "")
        return f"{self.title} ({unit})" if unit and unit.lower() != self.title.lower() else self.title


@dataclass(frozen=True)
class Variable:
    """A value that the SQL uses as ``{{name}}``; a date is written ``2024-12-31``."""

    name: str
    title: str
    type: VariableType = "text"
    default: Value | None = None


@dataclass(frozen=True)
class Goal:
    """A horizontal line across the chart at ``value`` of the left axis."""

    value: float
    label: str


@dataclass(frozen=True)
class Mark:
    """A break of the series at ``x``: figures before and after it are not comparable, and ``text`` explains why."""

    x: str
    text: str


@dataclass(frozen=True)
class Question:
    """One question, its SQL and its chart. ``key`` is the file's stem; rows are drawn in the order of the SQL.

    ``y`` names the measures; ``series`` the column that splits one measure into several lines, bars or colours;
    ``size`` a scatter's third measure, whose points are named by the first text column. A ``trend`` shows the newest
    value of ``y`` and its change; ``more_is`` states whether an increase is good or bad. ``empty`` is shown as long as
    there are no rows.
    """

    key: str
    file: str
    title: str
    description: str
    source: str
    chart: Chart
    sql: str
    columns: tuple[Column, ...]
    x: str = ""
    y: tuple[str, ...] = ()
    series: str = ""
    size: str = ""
    x_scale: Scale = "category"
    y_scale: MeasureScale = "linear"
    stack: Stack = "none"
    value_labels: bool = False
    more_is: Literal["", "better", "worse"] = ""
    goal: Goal | None = None
    marks: tuple[Mark, ...] = ()
    caveats: tuple[str, ...] = ()
    empty: str = ""
    variables: tuple[Variable, ...] = ()

    @property
    def documentation(self) -> str:
        """The description with the breaks of the series, the caveats and the source."""
        marks = [f"Break at {mark.x}: {mark.text}" for mark in self.marks]
        return "\n".join((self.description, *marks, *self.caveats, f"Source: {self.source}"))

    def column(self, name: str) -> Column:
        """Return the declared column ``name``."""
        return next(column for column in self.columns if column.name == name)

    def query(self, values: Mapping[str, Value]) -> str:
        """Return the SQL with ``values`` by variable; without a value, a variable gets its default, or its block is
        removed.
        """
        defaults = {variable.name: variable.default for variable in self.variables if variable.default is not None}
        chosen = {**defaults, **values}
        literals = {
            variable.name: literal(variable.type, chosen[variable.name])
            for variable in self.variables
            if variable.name in chosen
        }
        return fill(self.sql, literals)


@dataclass(frozen=True)
class Place:
    """Position of a card on the grid of 24 columns; rows count down from 0."""

    row: int
    col: int
    width: int
    height: int

    def overlaps(self, other: Place) -> bool:
        """Return whether both places share a cell."""
        return (
            self.col < other.col + other.width
            and other.col < self.col + self.width
            and self.row < other.row + other.height
            and other.row < self.row + self.height
        )


@dataclass(frozen=True)
class Card:
    """A card of a dashboard: a question (optionally with its own ``title``), a heading, or text in Markdown.

    ``wiring`` maps a filter's key to the variable of the question that it sets. A card with ``hide_empty`` is hidden
    while its question has no rows.
    """

    place: Place
    question: str = ""
    title: str = ""
    heading: str = ""
    text: str = ""
    wiring: Mapping[str, str] = field(default_factory=dict)
    hide_empty: bool = False


@dataclass(frozen=True)
class Filter:
    """A filter above a dashboard. Its choices are ``values``, or the ``values_column`` of a question, or free text."""

    key: str
    title: str
    type: VariableType = "text"
    default: Value | None = None
    values: tuple[str, ...] = ()
    values_question: str = ""
    values_column: str = ""


@dataclass(frozen=True)
class Tab:
    """A tab of a dashboard; tabs are shown only if there are several."""

    title: str
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Dashboard:
    """One dashboard. ``key`` is the file's stem; ``source`` is the origin of its figures, "" if only cards state it."""

    key: str
    file: str
    title: str
    description: str
    tabs: tuple[Tab, ...]
    filters: tuple[Filter, ...] = ()
    full_width: bool = False
    source: str = ""

    @property
    def about(self) -> str:
        """The description, followed by the source."""
        return f"{self.description} Source: {self.source}." if self.source else self.description

    @property
    def cards(self) -> Iterator[Card]:
        """Yield the cards of all tabs."""
        return (card for tab in self.tabs for card in tab.cards)

    def defaults(self, card: Card) -> dict[str, Value]:
        """Return the values of a card's variables when every filter has its default."""
        chosen = {filter_.key: filter_.default for filter_ in self.filters if filter_.default is not None}
        return {variable: chosen[key] for key, variable in card.wiring.items() if key in chosen}


@dataclass(frozen=True)
class Site:
    """Everything that Metabase shows: names of collections and groups, and all declarations of the files.

    ``star`` is the star whose tables are shown, "" if none are. ``engine`` answers the questions; if it is PostgreSQL,
    ``server`` names the owner of the database. ``freshness`` names the question about the age of the data. ``note`` is
    shown on every page; "" means no note.

    ``colors`` gives a measure or a value of a series (by name) the same colour (``#rrggbb``) in every chart.
    """

    star: str
    engine: Engine
    server: Server
    database: str
    collection: str
    questions_collection: str
    sandbox_collection: str
    analysts: str
    engineers: str
    homepage: str
    freshness: str
    colors: Mapping[str, str]
    questions: tuple[Question, ...]
    dashboards: tuple[Dashboard, ...]
    note: str = ""

    @property
    def database_key(self) -> str:
        """The name of what answers the questions; the sites that it answers share one database of Metabase."""
        return self.engine if self.engine == "athena" else self.server

    @property
    def owner(self) -> str:
        """The name that distinguishes the site from the other sites of a Metabase."""
        return self.star or self.database_key

    def question(self, key: str) -> Question:
        """Return the question ``key``."""
        return next(question for question in self.questions if question.key == key)
