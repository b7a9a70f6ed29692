"""``python -m demo.mailbox``: a page of the e-mails that the local SES took; nothing leaves the machine.

``AWS_ENDPOINT_URL`` is the address of localaws. ``/`` is the page, ``/messages.json`` the same for programs.
"""

from __future__ import annotations

import html
import json
import os
import sys
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

PORT = 8025
SECONDS = 10.0
Message = Mapping[str, Any]


def messages(endpoint: str) -> list[dict[str, Any]]:
    """Return the e-mails that the SES of ``endpoint`` took, the newest first. Raises requests.RequestException."""
    answer = requests.get(f"{endpoint}/moto-api/data.json", timeout=SECONDS)
    answer.raise_for_status()
    sent = answer.json().get("ses", {}).get("Message", [])
    return [
        {
            "from": entry["source"],
            "to": entry["destinations"].get("ToAddresses", []),
            "subject": entry["subject"],
            "body": entry["body"],
        }
        for entry in reversed(sent)
    ]


def page(entries: Sequence[Message]) -> str:
    """Return the e-mails as a page."""
    shown = "".join(
        f"<article><h2>{html.escape(entry['subject'])}</h2>"
        f"<p>from {html.escape(entry['from'])} to {html.escape(', '.join(entry['to']))}</p>"
        f"<pre>{html.escape(entry['body'])}</pre></article>"
        for entry in entries
    )
    title = f"{len(entries)} e-mails"
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><h1>{title}</h1>{shown}</html>'


class Mailbox(BaseHTTPRequestHandler):
    """Answers requests for the page."""

    endpoint: str

    def do_GET(self) -> None:
        """Answer with the page, with JSON, with 404, or with 502 if localaws does not answer."""
        if self.path not in ("/", "/messages.json"):
            self._answer(404, "text/plain", "there are / and /messages.json")
            return
        try:
            entries = messages(self.endpoint)
        except requests.RequestException as error:
            self._answer(502, "text/plain", f"{self.endpoint} does not answer: {type(error).__name__}")
            return
        if self.path == "/":
            self._answer(200, "text/html", page(entries))
        else:
            self._answer(200, "application/json", json.dumps(entries, ensure_ascii=False))

    def _answer(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the overridden method
        """Print nothing: the page is asked for every few seconds."""


def server(host: str, port: int, endpoint: str) -> ThreadingHTTPServer:
    """Return a server of the page; port 0 is a free one."""
    return ThreadingHTTPServer((host, port), type("Handler", (Mailbox,), {"endpoint": endpoint}))


def main(environ: Mapping[str, str]) -> int:
    """Serve until the process ends."""
    with server("0.0.0.0", PORT, environ["AWS_ENDPOINT_URL"]) as http:  # noqa: S104 - a container's own address
        http.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
