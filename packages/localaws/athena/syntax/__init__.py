"""Statements as tokens: their kind, and parsing of their clauses."""
