"""A question's file: TOML in the SQL comments at its top, then the SQL."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from typing import get_args

from estrela.errors import DefinitionError
from metabase import model
from metabase.chart_rules import check_chart
from metabase.fields import Fields
from metabase.model import Column, Goal, Mark, Question, Variable
from metabase.template import NAME, Usage, Value, usage

HEADER = re.compile(r"--( |$)")


def read_question(key: str, file: str, text: str) -> Question:
    """Return the question in ``text``. Raises DefinitionError, with file and line, if it contradicts itself."""
    header, sql, first = _split(text)
    fields = toml_fields(file, header)
    question = Question(
        key=key,
        file=file,
        title=fields.text("title"),
        description=fields.text("description"),
        source=fields.text("source"),
        caveats=fields.texts("caveats"),
        empty=fields.text("empty", ""),
        chart=fields.choice("chart", get_args(model.Chart)),
        x=fields.text("x", ""),
        y=fields.texts("y"),
        series=fields.text("series", ""),
        size=fields.text("size", ""),
        x_scale=fields.choice("x_scale", get_args(model.Scale), "category"),
        y_scale=fields.choice("y_scale", get_args(model.MeasureScale), "linear"),
        stack=fields.choice("stack", get_args(model.Stack), "none"),
        value_labels=fields.flag("value_labels"),
        more_is=fields.choice("more_is", ("", "better", "worse"), ""),
        goal=_goal(fields),
        marks=tuple(_mark(table) for table in fields.tables("marks")),
        columns=tuple(_column(name, table) for name, table in fields.named("columns")),
        variables=tuple(_variable(name, table) for name, table in fields.named("variables")),
        sql=sql,
    )
    fields.done()
    _check_variables(question, fields, first)
    _check_columns(question, fields)
    check_chart(question, fields)
    return question


def toml_fields(file: str, text: str) -> Fields:
    """Return the fields of a TOML text. Raises DefinitionError if it is invalid."""
    try:
        return Fields(file, text.splitlines(), tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        line = place.group(1) if place else len(text.splitlines())
        problem = re.sub(r" \(at .*\)", "", str(error))
        raise DefinitionError(f"{file}:{line}", f"is not TOML: {problem}") from None


def value_of(kind: str, fields: Fields, key: str) -> Value | None:
    """Return the ``text``, ``number`` or ``date`` under ``key``; None if it is not given."""
    value = fields.anything(key)
    if value is None:
        return None
    fits = {
        "text": isinstance(value, str) and value != "",
        "number": isinstance(value, int | float) and not isinstance(value, bool),
        "date": isinstance(value, date),
    }
    if not fits[kind]:
        wanted = {"text": "text in quotes", "number": "a number", "date": "a date such as 2024-12-31, without quotes"}
        raise fields.error(key, f"{key} {value!r} is not {wanted[kind]}")
    return value.isoformat() if isinstance(value, date) else value


def _split(text: str) -> tuple[str, str, int]:
    """Return the header without its comment marks, the SQL, and the number of the SQL's first line."""
    lines = text.splitlines()
    end = next((number for number, line in enumerate(lines) if not HEADER.match(line)), len(lines))
    header = "\n".join(re.sub(r"^-- ?", "", line) for line in lines[:end])
    return header, "\n".join(lines[end:]).strip().rstrip(";").rstrip(), end + 1


def _goal(fields: Fields) -> Goal | None:
    table = fields.subtable("goal")
    if table is None:
        return None
    goal = Goal(table.number("value"), table.text("label"))
    table.done()
    return goal


def _mark(fields: Fields) -> Mark:
    mark = Mark(fields.text("x"), fields.text("text"))
    fields.done()
    return mark


def _column(name: str, fields: Fields) -> Column:
    if not re.fullmatch(NAME, name):
        raise fields.error("title", f"column {name!r} is not lower snake case, as Athena names its columns")
    column = Column(
        name=name,
        title=fields.text("title"),
        format=fields.choice("format", get_args(model.Format), "text"),
        unit=fields.text("unit", ""),
        decimals=fields.whole("decimals") if "decimals" in fields.table else None,
        suffix=fields.text("suffix", ""),
        draw=fields.choice("draw", ("bar", "line", "area"), "bar"),
        axis=fields.choice("axis", ("left", "right"), "left"),
        bars=fields.flag("bars"),
        hidden=fields.flag("hidden"),
    )
    fields.done()
    if column.decimals is not None and column.format not in ("decimal", "percent", "currency"):
        raise fields.error("decimals", f"decimals are given for a column of format {column.format!r}")
    return column


def _variable(name: str, fields: Fields) -> Variable:
    if not re.fullmatch(NAME, name):
        raise fields.error("title", f"variable {name!r} is not lower snake case")
    kind = fields.choice("type", get_args(model.VariableType), "text")
    variable = Variable(name, fields.text("title"), kind, value_of(kind, fields, "default"))
    fields.done()
    return variable


def _check_variables(question: Question, fields: Fields, first: int) -> None:
    where = f"{question.file}:{first}"
    if not question.sql:
        raise DefinitionError(where, "there is no SQL below the header")
    try:
        used: Usage = usage(question.sql)
    except ValueError as error:
        raise DefinitionError(where, str(error)) from None
    declared = {entry.name: entry for entry in question.variables}
    for name in sorted(used.names - declared.keys()):
        raise DefinitionError(where, f"the SQL uses {{{{{name}}}}}, which is not declared as [variables.{name}]")
    for name, variable in declared.items():
        if name not in used.names:
            raise fields.error(f"variables.{name}", f"variable {name!r} is not used by the SQL", sorted(used.names))
        if name in used.required and variable.default is None:
            problem = f"variable {name!r} is used outside [[...]] and so needs a default"
            raise fields.error(f"variables.{name}", problem)


def _check_columns(question: Question, fields: Fields) -> None:
    if not question.columns:
        raise fields.error("columns", "no column is declared; give [columns.<name>] for each column that is shown")
    words = set(re.findall(NAME, question.sql))
    for column in question.columns:
        if column.name not in words:
            raise fields.error(f"columns.{column.name}", f"column {column.name!r} does not occur in the SQL")
