"""A real Trino as Athena's engine."""
