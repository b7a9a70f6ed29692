"""Event source mappings: functions that are invoked with batches of a stream or a queue."""
