"""Four ways to do the same work on the same ranking files, and the judge of their results."""
