"""Converts a finished delivery to messages, and sends them to the queue through the outbox."""
