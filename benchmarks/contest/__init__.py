"""Several ways to do the same work on the same files, each in a process of its own, and what they cost."""
