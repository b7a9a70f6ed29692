"""Several ways to do the same work on the same files, each in a separate process, and their cost."""
