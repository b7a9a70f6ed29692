"""Statements as words: what kind they are, and how their clauses are read."""
