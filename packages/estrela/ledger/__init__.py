"""The file ledger in PostgreSQL: every file that arrived, its states, loads and rejects."""
