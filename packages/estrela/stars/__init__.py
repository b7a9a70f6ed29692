"""The stars: a package each, one table per file."""
