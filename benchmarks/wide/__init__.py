"""A fact of 16 columns with two dimensions: ways to build it from the same files, and the judge of the results."""
