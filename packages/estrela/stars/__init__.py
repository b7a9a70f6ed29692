"""The stars: a package each, a table a file."""
