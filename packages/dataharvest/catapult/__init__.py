"""From a finished delivery to messages in the queue, by way of the outbox."""
