"""Texts of messages. Each names the file or feed, the cause and the next command, but no value of a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from estrela.ledger.expectations import Deviation

NEXT = {
    "late": "ask the sender; if the file did arrive: estrela ledger register --feed {feed}",
    "empty": "estrela ledger explain {file}; to delete its rows: estrela ledger withdraw {file} --reason ...",
    "odd": "estrela ledger explain {file}; to delete its rows: estrela ledger withdraw {file} --reason ...",
}


@dataclass(frozen=True)
class Notice:
    """A message, sent only once for its ``kind`` and ``occasion``. ``file`` is None if it is about a feed."""

    kind: str
    feed: str
    file: int | None
    occasion: str
    subject: str
    body: str


def failed(transition: Mapping[str, Any]) -> Notice:
    """Return the message about a file that failed, from its transition."""
    body = (
        f"{_file(transition)} failed: {transition['reason']}\n"
        f"Next: correct the cause, or have a corrected file sent; then: estrela ledger retry {transition['file']}\n"
        f"Its history: estrela ledger explain {transition['file']}"
    )
    subject = f"{transition['feed']}: {_name(transition)} failed"
    return Notice(
        "fail", transition["feed"], transition["file"], f"transition {transition['transition']}", subject, body
    )


def rejected(load: Mapping[str, Any]) -> Notice:
    """Return the message about tolerated rejects, from the load and its first reject."""
    column = f", column {load['column_name']}" if load["column_name"] else ""
    body = (
        f"{_file(load)}: {load['rows_rejected']} of {load['rows_in']} rows are rejected; the first: "
        f"line {load['line']}{column}: {load['reason']}\n"
        f"Next: estrela ledger explain {load['file']}; once the declaration accepts these rows: "
        f"estrela ledger replay --feed {load['feed']}"
    )
    subject = f"{load['feed']}: rows of {_name(load)} are rejected"
    return Notice("rejects", load["feed"], load["file"], f"load {load['load']}", subject, body)


def unexpected(finding: Deviation) -> Notice:
    """Return the message about a late feed, or about an empty or odd file."""
    about = f"{finding.address} (file {finding.file})" if finding.file else f"feed {finding.feed}"
    body = f"{about}: {finding.text}\nNext: {NEXT[finding.kind].format(feed=finding.feed, file=finding.file)}"
    what = f"{finding.address.rpartition('/')[2]} is {finding.kind}" if finding.file else "a file is late"
    return Notice(finding.kind, finding.feed, finding.file, finding.occasion, f"{finding.feed}: {what}", body)


def recovered(recovery: Mapping[str, Any]) -> Notice:
    """Return the message that the problem of an earlier message is over."""
    body = (
        f"{_file(recovery)} {'arrived' if recovery['kind'] == 'late' else 'is loaded'}, which solves the problem "
        f"{recovery['subject']!r}."
    )
    body += f"\nNext: nothing; its history: estrela ledger explain {recovery['file']}"
    subject = f"{recovery['feed']}: recovered: {_name(recovery)}"
    return Notice("recovered", recovery["feed"], recovery["file"], f"message {recovery['message']}", subject, body)


def _file(record: Mapping[str, Any]) -> str:
    return f"s3://{record['bucket']}/{record['key']} (file {record['file']})"


def _name(record: Mapping[str, Any]) -> str:
    return str(record["key"]).rpartition("/")[2]
