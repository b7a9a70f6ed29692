"""The last stage: it writes the outbox, sends to the queue and sets the flag."""

from __future__ import annotations

from dataclasses import dataclass

from dataharvest.catapult.messages import MessageWriter
from dataharvest.catapult.outbox import write_outbox
from dataharvest.catapult.sender import Sender
from dataharvest.metastore import Metastore
from dataharvest.model.choreography import MESSAGES_SENT, Choreography
from dataharvest.model.delivery import Delivery


@dataclass(frozen=True)
class Catapult:
    """Writes the messages of finished deliveries and sends them."""

    sender: Sender
    metastore: Metastore
    choreography: Choreography

    def launch(self, delivery: Delivery) -> bool:
        """Write and send the messages of a delivery; return False if a newer version replaced it.

        A repeated call sends the messages that an earlier call left unsent. Raises LoadError, TransformError, or
        botocore's errors.
        """
        writer = MessageWriter(self.choreography)
        is_written = write_outbox(self.sender.database, self.sender.vault, writer, delivery)
        self.sender.send(delivery.external_client, delivery.business_date)
        if is_written:
            self.metastore.set_flags(delivery, (MESSAGES_SENT,))
        return is_written
