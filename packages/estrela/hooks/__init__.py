"""Doors to the outside: REST services, databases, Glue jobs. No Spark."""
