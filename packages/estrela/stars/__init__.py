"""The stars: one package per star, one file per table."""
