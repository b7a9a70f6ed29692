"""Conversion of raw bytes to rows of text, each with its file and line."""
