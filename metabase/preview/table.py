"""A table of the page, which can be sorted, searched, filtered by bank and downloaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from metabase.model import Column, Question
from metabase.preview.athena import Cell
from metabase.preview.points import number
from metabase.preview.values import text_of

RIGHT = ("integer", "decimal", "percent", "currency")

Rows = Sequence[Mapping[str, Cell]]


def table_html(question: Question, rows: Rows, title: str) -> str:
    """Return the rows with sortable headers, a search field and a download button; ``title`` is escaped."""
    shown = [column for column in question.columns if not column.hidden]
    name = _name_column(shown)
    most = {
        column.name: max((number(row[column.name]) or 0 for row in rows), default=0) for column in shown if column.bars
    }
    head = "".join(_header(column, column is name) for column in shown)
    body = "".join(f"<tr>{_cells(shown, row, most, name)}</tr>" for row in rows)
    count = f"{len(rows):,} {'row' if len(rows) == 1 else 'rows'}"
    key = escape(question.key, quote=True)
    return (
        f'<div class="tools"><input type="search" placeholder="Search" aria-label="Search in: {title}">'
        f'<button type="button" class="download" data-file="{key}">Download CSV</button>'
        f'<span class="rows" aria-live="polite">{count}</span></div>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="Table: {title}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _header(column: Column, is_name: bool) -> str:
    return (
        f'<th scope="col" data-column="{escape(column.name, quote=True)}"{_classes(column, is_name)}>'
        f'<button type="button" class="sort">{escape(column.label)}</button></th>'
    )


def _cells(shown: Sequence[Column], row: Mapping[str, Cell], most: Mapping[str, float], name: Column | None) -> str:
    return "".join(_cell(column, row[column.name], most.get(column.name, 0), column is name) for column in shown)


def _cell(column: Column, value: Cell, most: float, is_name: bool) -> str:
    text, amount = escape(text_of(column, value)), number(value)
    if column.bars and most > 0 and amount is not None:
        part = max(0.0, amount / most * 100)
        text = f'<span class="part" style="--part:{part:.1f}%">{text}</span>'
    raw = escape("" if value is None else str(value), quote=True)
    # The raw value is sorted and downloaded; it is only stored if it differs from the text.
    held = f' data-value="{raw}"' if text != raw else ""
    return f"<td{held}{_classes(column, is_name)}>{text}</td>"


def _name_column(shown: Sequence[Column]) -> Column | None:
    """Return the column that names a row's subject; on a phone it remains visible while scrolling."""
    texts = [column for column in shown if column.format == "text"]
    named = [column for column in texts if column.name.endswith("_name")]
    return next(iter(named or texts), None)


def _classes(column: Column, is_name: bool) -> str:
    kind = "number" if column.format in RIGHT else "date" if column.format == "date" else ""
    classes = " ".join(filter(None, (kind, "name" if is_name else "")))
    return f' class="{classes}"' if classes else ""
