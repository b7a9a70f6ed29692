"""What Redshift says of the rows that a COPY refused, while it still says it: its views forget within days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from estrela.errors import LoadError, bounded
from estrela.hooks.redshift import RedshiftData, StatementError
from estrela.model.feed import Feed

MOST = 5
DETAIL = """
SELECT file_name, line_number, column_name, error_code, error_message FROM sys_load_error_detail
WHERE query_id = {query} ORDER BY file_name, line_number LIMIT {most}
"""


def with_refused_rows(redshift: RedshiftData, feed: Feed, error: StatementError) -> StatementError:
    """Return ``error``, with the first rows that its COPY refused if it was one: the ledger keeps its text.

    Rows are named by the file and line that COPY read. Of withheld columns the message, which quotes the value, is left
    out.
    """
    if not error.query_id:
        return error
    try:
        found = redshift.query(feed.target, DETAIL.format(query=error.query_id, most=MOST))
    except LoadError as unread:
        text = f"sys_load_error_detail could not be read: {bounded(unread)}"
        return error.explained(text)
    names = ("file", "line", "column", "code", "message")
    rows = [_refused(feed, dict(zip(names, row, strict=True))) for row in found]
    return error.explained("; ".join(rows)) if rows else error


def _refused(feed: Feed, row: Mapping[str, Any]) -> str:
    column = str(row["column"] or "").strip()
    file = str(row["file"]).strip().rpartition("/")[2]
    where = f"line {row['line']} of {file}" + (f", column {column}" if column else "")
    is_shown = column not in feed.withheld and (column or not feed.withheld)
    return f"{where}: error {row['code']}" + (f", {bounded(str(row['message']).strip(), 200)}" if is_shown else "")
