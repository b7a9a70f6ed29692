"""Checks of built tables before they are published."""
