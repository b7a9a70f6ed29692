"""The last stage: it writes the outbox and sends to the queue."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from dataharvest.catapult.messages import MessageWriter
from dataharvest.catapult.outbox import write_outbox
from dataharvest.catapult.sender import Sender
from dataharvest.metastore import Transition
from dataharvest.model.choreography import MESSAGES_SENT, Choreography
from dataharvest.model.delivery import Delivery


@dataclass(frozen=True)
class Catapult:
    """Writes the messages of finished deliveries and sends them."""

    sender: Sender
    choreography: Choreography

    def launch(self, delivery: Delivery) -> Transition | None:
        """Write and send the messages of a delivery; return the flag to set, or None if a newer version replaced it.

        A repeated call sends the messages that an earlier call left unsent. Raises LoadError, TransformError, or
        botocore's errors.
        """
        is_written = write_outbox(self.sender.database, self.sender.vault, self._writer, delivery)
        self.sender.send(delivery.external_client, delivery.business_date)
        return Transition(delivery, (MESSAGES_SENT,)) if is_written else None

    @cached_property
    def _writer(self) -> MessageWriter:
        return MessageWriter(self.choreography)
