"""Texts of messages: each names the file or feed, the cause and the next command, and no value of a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from estrela.ledger.expectations import Unexpected

NEXT = {
    "late": "ask the sender; if it did arrive: estrela ledger register --feed {feed}",
    "empty": "estrela ledger explain {file}; to take its rows out: estrela ledger withdraw {file} --reason ...",
    "odd": "estrela ledger explain {file}; to take its rows out: estrela ledger withdraw {file} --reason ...",
}


@dataclass(frozen=True)
class Notice:
    """A message that is made once for its ``kind`` and ``occasion``. ``file`` is None if it is about a feed."""

    kind: str
    feed: str
    file: int | None
    occasion: str
    subject: str
    body: str


def failed(found: Mapping[str, Any]) -> Notice:
    """Return the message about a file that failed, from its transition."""
    body = (
        f"{_file(found)} failed: {found['reason']}\n"
        f"Next: correct the cause, or have the file sent anew; then: estrela ledger retry {found['file']}\n"
        f"Its story: estrela ledger explain {found['file']}"
    )
    subject = f"{found['feed']}: {_name(found)} failed"
    return Notice("fail", found["feed"], found["file"], f"transition {found['transition']}", subject, body)


def rejected(found: Mapping[str, Any]) -> Notice:
    """Return the message about rows that were rejected and tolerated, from the load and its first reject."""
    column = f", column {found['column_name']}" if found["column_name"] else ""
    body = (
        f"{_file(found)}: {found['rows_rejected']} of {found['rows_in']} rows are rejected; the first: "
        f"line {found['line']}{column}: {found['reason']}\n"
        f"Next: estrela ledger explain {found['file']}; once the declaration takes them: "
        f"estrela ledger replay --feed {found['feed']}"
    )
    subject = f"{found['feed']}: rows of {_name(found)} are rejected"
    return Notice("rejects", found["feed"], found["file"], f"load {found['load']}", subject, body)


def unexpected(found: Unexpected) -> Notice:
    """Return the message about what is not as expected."""
    about = f"{found.address} (file {found.file})" if found.file else f"feed {found.feed}"
    body = f"{about}: {found.text}\nNext: {NEXT[found.kind].format(feed=found.feed, file=found.file)}"
    what = f"{found.address.rpartition('/')[2]} is {found.kind}" if found.file else "a file is late"
    return Notice(found.kind, found.feed, found.file, found.occasion, f"{found.feed}: {what}", body)


def recovered(found: Mapping[str, Any]) -> Notice:
    """Return the message that what an earlier one told of is over."""
    body = f"{_file(found)} {'came' if found['kind'] == 'late' else 'is loaded'}: {found['subject']!r} is over."
    body += f"\nNext: nothing; its story: estrela ledger explain {found['file']}"
    subject = f"{found['feed']}: recovered: {_name(found)}"
    return Notice("recovered", found["feed"], found["file"], f"message {found['message']}", subject, body)


def _file(found: Mapping[str, Any]) -> str:
    return f"s3://{found['bucket']}/{found['key']} (file {found['file']})"


def _name(found: Mapping[str, Any]) -> str:
    return str(found["key"]).rpartition("/")[2]
