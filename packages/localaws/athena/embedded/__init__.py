"""The embedded engine: Athena's SQL, compiled to DuckDB's."""
