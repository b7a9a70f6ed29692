"""Rows of a feed's file without Spark: bytes become text for COPY, and bad rows become rejects."""
