"""Records of operations: Glue runs and Athena queries."""
