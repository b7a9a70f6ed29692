"""Accounts of the rows of each file: rows in = rows loaded + rows rejected."""
