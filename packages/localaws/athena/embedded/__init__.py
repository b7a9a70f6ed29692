"""The embedded engine: it compiles Athena's SQL to DuckDB's."""
