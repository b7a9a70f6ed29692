"""From an object in S3 to rows in PostgreSQL and a flag in the metastore."""
