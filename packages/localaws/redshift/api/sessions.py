"""Sessions kept after a statement: https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-session-reuse.html."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from localaws.redshift.errors import ValidationError
from localaws.redshift.session import Session

AVAILABLE, BUSY, CLOSED = "AVAILABLE", "BUSY", "CLOSED"


@dataclass
class KeptSession:
    """A session, and how many seconds it is kept after a statement. ``place`` names its warehouse."""

    id: str
    place: dict[str, str]
    seconds: int
    session: Session | None = None
    statement: str = ""
    status: str = BUSY
    created: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)

    @property
    def expires(self) -> float:
        return self.updated + self.seconds

    def as_response(self) -> dict[str, Any]:
        response: dict[str, Any] = {
            "SessionId": self.id,
            "Status": self.status,
            "CreatedAt": self.created,
            "UpdatedAt": self.updated,
            "SessionAliveSeconds": self.seconds,
            "SessionTtl": self.expires,
            **{name: value for name, value in self.place.items() if name != "SecretArn"},
        }
        return response | ({"CurrentStatementId": self.statement} if self.status == BUSY else {})


class Sessions:
    """The sessions of a server; they end when they expire or the server stops."""

    def __init__(self) -> None:
        self._kept: dict[str, KeptSession] = {}
        self._lock = threading.Lock()

    def take(self, request: Mapping[str, Any], place: dict[str, str], statement: str) -> KeptSession | None:
        """Return the session that a request names or creates, marked busy with ``statement``; None if it does neither.

        Raises ValidationError for a session that is closed, busy, or unknown.
        """
        seconds = int(request.get("SessionKeepAliveSeconds") or 0)
        wanted = str(request.get("SessionId") or "")
        with self._lock:
            self._close_expired()
            if wanted:
                kept = self._kept.get(wanted)
                if kept is None or kept.status == CLOSED:
                    raise ValidationError(f"Session {wanted} is closed or does not exist.")
                if kept.status == BUSY:
                    raise ValidationError(f"Session {wanted} is busy with the statement {kept.statement}.")
                kept.seconds = seconds if "SessionKeepAliveSeconds" in request else kept.seconds
            elif seconds:
                kept = KeptSession(str(uuid.uuid4()), place, seconds)
                self._kept[kept.id] = kept
            else:
                return None
            kept.status, kept.statement, kept.updated = BUSY, statement, time.time()
            return kept

    def find(self, session_id: str) -> KeptSession | None:
        return self._kept.get(session_id)

    def give_back(self, session_id: str) -> None:
        """Release the session after a statement: its time to live restarts, or it closes if the connection is lost."""
        kept = self.find(session_id)
        if kept is None:
            return
        with self._lock:
            lasts = kept.session is not None and not kept.session.closed and kept.seconds > 0
            kept.status = AVAILABLE if lasts else CLOSED
            kept.statement, kept.updated = "", time.time()
            if kept.status == CLOSED:
                _close(kept)
        if kept.status == AVAILABLE:
            timer = threading.Timer(kept.seconds + 0.1, self._expire)
            timer.daemon = True
            timer.start()

    def listed(self, accept: Callable[[KeptSession], bool]) -> list[dict[str, Any]]:
        """Sessions that ``accept`` selects, as responses, newest first."""
        with self._lock:
            self._close_expired()
            return [kept.as_response() for kept in reversed(self._kept.values()) if accept(kept)]

    def stop(self) -> None:
        with self._lock:
            for kept in self._kept.values():
                _close(kept)

    def _expire(self) -> None:
        with self._lock:
            self._close_expired()

    def _close_expired(self) -> None:
        for kept in self._kept.values():
            if kept.status == AVAILABLE and kept.expires <= time.time():
                _close(kept)


def _close(kept: KeptSession) -> None:
    kept.status = CLOSED
    if kept.session:
        kept.session.close()
        kept.session = None
