"""The cards of a dashboard as HTML. Every text from files and answers is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from markdown_it import MarkdownIt

from metabase.model import Card, Column, Question
from metabase.preview.answered import Answered
from metabase.preview.athena import Cell
from metabase.preview.finding import change, finding
from metabase.preview.points import number
from metabase.preview.values import bytes_text, text_of

NO_ROWS = "No rows: nothing in the lake answers this question."
RIGHT = ("integer", "decimal", "percent", "currency")
SPARK_WIDTH, SPARK_HEIGHT = 120, 28


def card_html(card: Card, answered: Answered | None, chart_id: str) -> str:
    """The card in its place on the grid; ``chart_id`` ties a chart to its spec."""
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
    title = escape(card.title or question.title)
    inner = f"<h3>{title}</h3>{_body(answered, chart_id, title)}{_notes(answered)}"
    return f'<article class="card {kind}" id="{chart_id}" data-question="{name}" style="{style}">{inner}</article>'


def _body(answered: Answered, chart_id: str, title: str) -> str:
    question = answered.question
    if not answered.answer.rows:
        return f'<p class="empty">{NO_ROWS}</p>'
    if question.chart in ("scalar", "trend"):
        return _tile(answered)
    said = escape(finding(question, answered.answer))
    subtitle = f'<p class="finding">{said}</p>' if said else ""
    if question.chart == "table":
        return subtitle + _table(question, answered.answer.rows)
    chart = answered.chart
    heights = f"--narrow:{chart.narrow_height}px;--least:{chart.least_height}px"
    label = f"{title}. {said}" if said else title
    return (
        f'{subtitle}<div class="chart" style="{heights}" data-chart="{chart_id}" role="img" aria-label="{label}"></div>'
    )


def _notes(answered: Answered) -> str:
    question = answered.question
    lines = [*(f"Break at {mark.x}: {mark.text}." for mark in question.marks), *question.caveats]
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    cost = f"{bytes_text(answered.answer.scanned_bytes)} scanned"
    source = f"<p>Source: {escape(question.source)} · {cost}</p>"
    listed = f"<ul>{items}</ul>" if items else ""
    about = f'<p class="about">{escape(question.description)}</p>'
    return f"<footer>{about}<details><summary>Notes and source</summary>{listed}{source}</details></footer>"


def _tile(answered: Answered) -> str:
    question, rows = answered.question, answered.answer.rows
    column = question.column(question.y[0])
    newest = rows[-1]
    value, unit = text_of(column, newest[column.name]), column.unit
    written = escape(value) + (f' <span class="unit">{escape(unit)}</span>' if unit and unit != "%" else "")
    return f'<p class="value">{written}</p>{_change(question, column, rows)}'


def _change(question: Question, column: Column, rows: Sequence[Mapping[str, Cell]]) -> str:
    """The change on the row before, coloured by whether it is good news, and the way of all rows as a small line."""
    if question.chart != "trend":
        return ""
    x = next((one for one in question.columns if one.format == "text"), question.column(question.x))
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


def _table(question: Question, rows: Sequence[Mapping[str, Cell]]) -> str:
    shown = [column for column in question.columns if not column.hidden]
    most = {one.name: max((number(row[one.name]) or 0 for row in rows), default=0) for one in shown if one.bars}
    head = "".join(f"<th{_side(one)}>{escape(one.label)}</th>" for one in shown)
    body = "".join(
        "<tr>" + "".join(_cell(one, row[one.name], most.get(one.name, 0)) for one in shown) + "</tr>" for row in rows
    )
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        f'<p class="rows">{len(rows):,} {"row" if len(rows) == 1 else "rows"}</p>'
    )


def _cell(column: Column, value: Cell, most: float) -> str:
    text = escape(text_of(column, value))
    if column.bars and most > 0 and number(value) is not None:
        part = max(0.0, (number(value) or 0) / most * 100)
        return f'<td{_side(column)}><span class="part" style="--part:{part:.1f}%">{text}</span></td>'
    return f"<td{_side(column)}>{text}</td>"


def _side(column: Column) -> str:
    kind = "number" if column.format in RIGHT else "date" if column.format == "date" else ""
    return f' class="{kind}"' if kind else ""


def _markdown(text: str) -> str:
    """Markdown without raw HTML: tags in the text are shown, not obeyed."""
    return str(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))
