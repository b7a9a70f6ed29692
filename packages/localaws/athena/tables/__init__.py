"""Tables as DuckDB relations."""
