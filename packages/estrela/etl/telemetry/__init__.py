"""Records of operations: Glue runs, Athena queries, late data and late DAG runs."""
