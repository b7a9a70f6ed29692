"""Rows of a feed's file, processed without Spark: good rows become text for COPY, bad rows become rejects."""
