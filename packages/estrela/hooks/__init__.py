"""Clients of external services: REST, databases, Glue jobs. No Spark."""
