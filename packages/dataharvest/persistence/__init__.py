"""Loads an S3 object into PostgreSQL and sets its flag in the metastore."""
