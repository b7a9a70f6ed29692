"""Texts that the commands print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from estrela.errors import bounded
from estrela.ledger.files import FileHistory
from estrela.ledger.state import State

COLUMNS = ("id", "state", "feed", "key", "rows_loaded", "rows_rejected", "reason")
NEXT = {
    State.NEW: "the next run of the feed loads it",
    State.IN_PROGRESS: "a run is loading it; if that run dies, its lease expires and the next run loads the file",
    State.FAIL: "correct the cause, or have a corrected file sent; then: estrela ledger retry {id}",
    State.REJECTED: "correct its name, its folder or the feed; then: estrela ledger retry {id}",
    State.FILTERED_OUT: "nothing; to load it nevertheless: estrela ledger retry {id}",
    State.DONE: "nothing; to delete its rows: estrela ledger withdraw {id} --reason ...",
}


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the files as a table."""
    texts = [[_cell(row[name]) for name in COLUMNS] for row in rows]
    lines = [[name.replace("_", " ") for name in COLUMNS], *texts]
    widths = [max(len(line[place]) for line in lines) for place in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _cell(value: object) -> str:
    return "" if value is None else bounded(value, 80)


def history(history: FileHistory) -> str:
    """Return the history of a file as text."""
    file = history.file
    return "\n".join([*_facts(file), *_events(history), f"next:     {NEXT[State(file['state'])].format(**file)}"])


def _facts(file: Mapping[str, Any]) -> Iterator[str]:
    yield f"file {file['id']}: s3://{file['bucket']}/{file['key']}"
    yield f"version:  {file['version']}, {file['size']:,} bytes, sha256 {file['sha256'] or 'not read yet'}"
    yield f"arrived:  {_time(file['arrived_at'])}, {file['events_seen']} events, {file['listings_seen']} listings"
    yield f"state:    {file['state']}" + (f": {file['reason']}" if file["reason"] else "")
    if file["rows_in"] is not None:
        yield f"rows:     {file['rows_in']} in = {file['rows_loaded']} loaded + {file['rows_rejected']} rejected"
    if file["superseded_by"]:
        yield f"replaced: its rows were replaced by those of file {file['superseded_by']}"
    if file["archive_uri"]:
        yield f"archive:  {file['archive_uri']}"


def _events(history: FileHistory) -> Iterator[str]:
    for entry in history.rejects:
        where = f"line {entry['first_line']}" + (f", column {entry['first_column']}" if entry["first_column"] else "")
        wrong = f"{entry['first_value']!r}: {entry['first_reason']}"
        yield f"rejects:  {entry['rows']} {entry['code']}, the first in {where}: {wrong}"
    for entry in history.transitions:
        reason = f": {entry['reason']}" if entry["reason"] else ""
        yield f"{_time(entry['at'])}  {entry['to_state']} by {entry['run']}{reason}"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"
