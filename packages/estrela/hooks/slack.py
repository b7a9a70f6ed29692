"""Slack messages through an incoming webhook."""

from __future__ import annotations

from dataclasses import dataclass

import requests

from estrela.errors import DeliveryError
from estrela.hooks.secret import Secret

SECONDS = (5.0, 15.0)
"""Timeouts for connecting and for the answer."""
LONGEST = 3000
"""Maximum characters of a message; Slack splits longer ones."""


@dataclass(frozen=True)
class Slack:
    """A channel, by its webhook URL. The URL is read from ``secret``, because anybody who has it may post."""

    secret: Secret
    name: str = "Slack"
    column: str = "posted_at"

    def send(self, subject: str, body: str) -> None:
        """Post one message. Raises DeliveryError, whose text never contains the URL, and SettingsError."""
        text = _escaped(f"*{subject}*\n{body}"[:LONGEST])
        try:
            answer = requests.post(self.secret.text(), json={"text": text}, timeout=SECONDS, allow_redirects=False)
        except requests.RequestException as error:
            # The original error's text would contain the URL.
            raise DeliveryError(self.name, type(error).__name__, retriable=True) from None
        if answer.status_code != 200:
            passing = answer.status_code == 429 or answer.status_code >= 500
            raise DeliveryError(self.name, f"HTTP {answer.status_code}: {answer.text[:100]}", retriable=passing)


def _escaped(text: str) -> str:
    """Escape the text so that Slack shows no link or mention: https://api.slack.com/reference/surfaces/formatting."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
