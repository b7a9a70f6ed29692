"""Trino's types, and their equivalents in Hive and Iceberg."""
