"""Checks that ports of this machine are free, and names the program that uses one."""

from __future__ import annotations

import contextlib
import socket

import psutil


class PortTakenError(Exception):
    """Another program listens on the port; the message says what to do."""


def require_free(port: int, command: str) -> None:
    """Raise PortTakenError if a program listens on ``port``; it shows the ``command`` to choose another port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise PortTakenError(
                f"port {port} is taken{_listening_program(port)}: stop this program, or choose another port: {command}"
            ) from error


def _listening_program(port: int) -> str:
    """Return the program that listens on the port, if the system reveals it."""
    with contextlib.suppress(psutil.Error, OSError):
        for listener in psutil.net_connections("tcp"):
            if (
                listener.status == psutil.CONN_LISTEN
                and listener.laddr
                and listener.laddr.port == port
                and listener.pid
            ):
                return f" by {psutil.Process(listener.pid).name()} (process {listener.pid})"
    return ""
