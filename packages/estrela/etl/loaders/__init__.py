"""Loaders of finished tables."""
