"""Statements that change or show the catalog."""
