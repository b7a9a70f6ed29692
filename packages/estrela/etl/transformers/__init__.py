"""Spark transformations: rows of text to typed trusted rows, and trusted rows to dimensions and facts."""
