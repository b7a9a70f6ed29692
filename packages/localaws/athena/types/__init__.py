"""Trino's types, and the types of Hive and Iceberg that stand for them."""
