"""Account of rows per file: rows in = rows loaded + rows rejected."""
