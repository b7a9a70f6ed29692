"""Messages in Slack, by an incoming webhook."""

from __future__ import annotations

from dataclasses import dataclass

import requests

from estrela.errors import DeliveryError
from estrela.hooks.secret import Secret

SECONDS = (5.0, 15.0)
"""To connect, and for the answer."""
LONGEST = 3000
"""Characters of a message; Slack cuts longer ones into several."""


@dataclass(frozen=True)
class Slack:
    """A channel, by its webhook: whoever has the URL may post, so that it is the text of ``secret``."""

    secret: Secret
    name: str = "Slack"
    column: str = "posted_at"

    def send(self, subject: str, body: str) -> None:
        """Post one message. Raises DeliveryError, whose text does not hold the URL, and SettingsError."""
        text = _escaped(f"*{subject}*\n{body}"[:LONGEST])
        try:
            answer = requests.post(self.secret.text(), json={"text": text}, timeout=SECONDS, allow_redirects=False)
        except requests.RequestException as error:
            # Its text would name the URL.
            raise DeliveryError(self.name, type(error).__name__, retriable=True) from None
        if answer.status_code != 200:
            passing = answer.status_code == 429 or answer.status_code >= 500
            raise DeliveryError(self.name, f"HTTP {answer.status_code}: {answer.text[:100]}", retriable=passing)


def _escaped(text: str) -> str:
    """Return text in which no part is a link or a mention: https://api.slack.com/reference/surfaces/formatting."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
