"""PostgreSQL: the schema, its migrations and connections."""
