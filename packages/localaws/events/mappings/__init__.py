"""Event source mappings: they invoke functions with batches of records from a stream or a queue."""
