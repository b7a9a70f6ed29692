"""The effects of faults on an answer."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from werkzeug.http import http_date
from werkzeug.wrappers import Response

from bcb_mirror.faults import Fault
from bcb_mirror.ranking_file import ENCODING

_PAGE = """<!DOCTYPE html>
<html><head><title>Erro</title></head>
<body><h1>Serviço indisponível</h1><p>Tente novamente mais tarde.</p></body></html>
"""
_XML = """<?xml version="1.0" encoding="UTF-8"?>
<error xmlns="http://docs.oasis-open.org/odata/ns/metadata"><code>500</code><message>Erro interno</message></error>
"""
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Exchange:
    """Input for simulating a fault: the right answer, a pause that ends with the server, cheroot's request."""

    respond: Callable[[], Response]
    pause: Callable[[float], None]
    request: Any


def faulty_response(fault: Fault, exchange: Exchange) -> Response:
    """Return the answer that replaces the right one; raise ConnectionResetError if there is none."""
    return _PLAYERS[fault.kind](fault, exchange)


def error_page(status: int) -> Response:
    """Return the HTML page that the services return for their own errors."""
    return Response(_PAGE, status, content_type="text/html;charset=UTF-8")


def _status(fault: Fault, _: Exchange) -> Response:
    return error_page(fault.status)


def _html(_: Fault, __: Exchange) -> Response:
    return error_page(200)


def _xml(_: Fault, __: Exchange) -> Response:
    return Response(_XML, content_type="application/xml;charset=UTF-8")


def _throttled(fault: Fault, _: Exchange) -> Response:
    response = error_page(429)
    when = http_date(datetime.now(UTC) + timedelta(seconds=fault.seconds))
    response.headers["Retry-After"] = when if fault.as_date else str(int(fault.seconds))
    return response


def _empty(_: Fault, exchange: Exchange) -> Response:
    response = exchange.respond()
    response.set_data(b"")
    return response


def _wrong_encoding(fault: Fault, exchange: Exchange) -> Response:
    response = exchange.respond()
    actual = ENCODING if response.mimetype == "text/csv" else "utf-8"
    response.set_data(response.get_data().decode(actual).encode(fault.encoding, "replace"))
    return response


def _slow(fault: Fault, exchange: Exchange) -> Response:
    response = exchange.respond()
    exchange.pause(fault.seconds)
    body = response.get_data()
    if fault.byte_seconds and body:
        response.response = _slow_body(body, fault.byte_seconds, exchange.pause)
    return response


def _slow_body(body: bytes, seconds: float, pause: Callable[[float], None]) -> Iterator[bytes]:
    for position in range(len(body)):
        pause(seconds)
        yield body[position : position + 1]


def _truncated(fault: Fault, exchange: Exchange) -> Response:
    response = exchange.respond()
    body = response.get_data()
    # at least one byte must be missing, else the answer would be complete
    kept = min(int(len(body) * fault.keep), max(0, len(body) - 1))
    response.set_data(body)
    response.response = [body[:kept]]
    exchange.request.close_connection = True
    return response


def _reset(_: Fault, exchange: Exchange) -> Response:
    connection = exchange.request.conn
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    # closed immediately: an orderly shutdown would send FIN instead of RST
    os.close(connection.socket.detach())
    connection.linger = True
    raise ConnectionResetError(errno.ECONNRESET, "reset on request")


_PLAYERS: Mapping[str, Callable[[Fault, Exchange], Response]] = {
    "status": _status,
    "html": _html,
    "xml": _xml,
    "throttled": _throttled,
    "empty": _empty,
    "wrong_encoding": _wrong_encoding,
    "slow": _slow,
    "truncated": _truncated,
    "reset": _reset,
}
