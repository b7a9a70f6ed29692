"""Glue's entries of tables, views and partitions, as Athena reads and writes them."""
