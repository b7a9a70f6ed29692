"""The cards of a dashboard as HTML. All texts from files and answers are escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from markdown_it import MarkdownIt

from metabase.model import Card, Column, Question
from metabase.preview.answered import Answered
from metabase.preview.athena import Cell
from metabase.preview.finding import change, finding
from metabase.preview.points import number
from metabase.preview.table import table_html
from metabase.preview.values import bytes_text, text_of

NO_ROWS = "No data yet: figures appear after the first run that publishes rows for this card."
SPARK_WIDTH, SPARK_HEIGHT = 120, 28


def card_html(card: Card, answered: Answered | None, chart_id: str) -> str:
    """Return the card at its place on the grid; ``chart_id`` connects a chart to its spec."""
    place = card.place
    style = f"--row:{place.row + 1};--col:{place.col + 1};--width:{place.width};--height:{place.height}"
    if answered is None:
        kind, inner = (
            ("heading", f"<h3>{escape(card.heading)}</h3>") if card.heading else ("text", _markdown(card.text))
        )
        return f'<div class="card {kind}" style="{style}">{inner}</div>'
    question = answered.question
    kind = "tile" if question.chart in ("scalar", "trend") else "plot"
    kind = f"{kind} warning" if card.hide_empty else kind
    name = escape(question.key, quote=True)
    inner = card_inner(card, answered, chart_id)
    return f'<article class="card {kind}" id="{chart_id}" data-question="{name}" style="{style}">{inner}</article>'


def card_inner(card: Card, answered: Answered, chart_id: str) -> str:
    """Return the content of a question's card: title, finding, chart or table, notes."""
    title = escape(card.title or answered.question.title)
    return f"<h3>{title}</h3>{_body(answered, chart_id, title)}{_notes(answered, title)}"


def _body(answered: Answered, chart_id: str, title: str) -> str:
    question = answered.question
    if _is_empty(answered):
        return f'<p class="empty">{escape(question.empty or NO_ROWS)}</p>'
    if question.chart in ("scalar", "trend"):
        return _tile(answered)
    said = escape(finding(question, answered.answer))
    subtitle = f'<p class="finding">{said}</p>' if said else ""
    if question.chart == "table":
        return subtitle + table_html(question, answered.answer.rows, title)
    chart = answered.chart
    heights = f"--narrow:{chart.narrow_height}px;--least:{chart.least_height}px"
    label = f"{title}. {said}" if said else title
    return (
        f'{subtitle}<div class="chart" style="{heights}" data-chart="{chart_id}" role="img" aria-label="{label}"></div>'
    )


def _is_empty(answered: Answered) -> bool:
    """Return whether there is nothing to show: no row, or a tile whose newest row has no value."""
    question, rows = answered.question, answered.answer.rows
    return not rows or (question.chart == "scalar" and rows[-1][question.y[0]] is None)


def _notes(answered: Answered, title: str) -> str:
    question = answered.question
    lines = [*(f"Break at {mark.x}: {mark.text}." for mark in question.marks), *question.caveats]
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    scanned = answered.answer.scanned_bytes
    cost = "" if scanned is None else f" · {bytes_text(scanned)} scanned"
    source = f"<p>Source: {escape(question.source)}{cost}</p>"
    listed = f"<ul>{items}</ul>" if items else ""
    about = f'<p class="about">{escape(question.description)}</p>'
    notes = f"<details><summary>Notes and source</summary>{listed}{source}</details>"
    return f"<footer>{about}{notes}{_data(answered, title)}</footer>"


def _data(answered: Answered, title: str) -> str:
    """Return a table of the rows from which a chart is drawn."""
    question, rows = answered.question, answered.answer.rows
    if question.chart in ("scalar", "table") or not rows:
        return ""
    return f'<details class="data"><summary>Rows</summary>{table_html(question, rows, title)}</details>'


def _tile(answered: Answered) -> str:
    question, rows = answered.question, answered.answer.rows
    column = question.column(question.y[0])
    newest = rows[-1]
    value, unit = text_of(column, newest[column.name]), column.unit
    written = escape(value) + (f' <span class="unit">{escape(unit)}</span>' if unit and unit != "%" else "")
    return f'<p class="value">{written}</p>{_change(question, column, rows)}'


def _change(question: Question, column: Column, rows: Sequence[Mapping[str, Cell]]) -> str:
    """Return the change from the previous row, coloured as good or bad news, and a sparkline of all rows."""
    if question.chart != "trend":
        return ""
    x = next((candidate for candidate in question.columns if candidate.format == "text"), question.column(question.x))
    at = escape(text_of(x, rows[-1][x.name]))
    if len(rows) < 2 or rows[-2][column.name] is None or rows[-1][column.name] is None:
        return f'<p class="change">{at}</p>'
    before, after = rows[-2][column.name], rows[-1][column.name]
    old, new = number(before) or 0, number(after) or 0
    mood = "same" if old == new else "good" if (new > old) == (question.more_is == "better") else "bad"
    arrow = {"same": "▬"}.get(mood, "▲" if new > old else "▼")
    words = f'<span class="{mood}">{arrow} {escape(change(column, before, after))}</span>'
    on = escape(text_of(x, rows[-2][x.name]))
    return f'<p class="change">{at}: {words} on {on}</p>{_spark([number(row[column.name]) for row in rows])}'


def _spark(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if len(known) < 3:
        return ""
    low, high = min(known), max(known)
    step = SPARK_WIDTH / (len(known) - 1)
    spots = [
        (place * step, SPARK_HEIGHT - (v - low) / ((high - low) or 1) * SPARK_HEIGHT) for place, v in enumerate(known)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    end = f'<circle cx="{spots[-1][0]:.1f}" cy="{spots[-1][1]:.1f}" r="3"/>'
    box = f"-4 -4 {SPARK_WIDTH + 8} {SPARK_HEIGHT + 8}"
    return f'<svg class="spark" viewBox="{box}" aria-hidden="true"><polyline points="{path}"/>{end}</svg>'


def _markdown(text: str) -> str:
    """Return Markdown as HTML; HTML tags in the text are escaped."""
    return str(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))
