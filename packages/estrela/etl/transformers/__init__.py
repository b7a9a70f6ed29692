"""Rows of text as typed trusted rows, and trusted rows as dimensions and facts, on Spark."""
