"""The file ledger in PostgreSQL: every file that arrived, with its states, loads and rejects."""
