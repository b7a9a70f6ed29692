"""Redshift through the Data API, and Redshift Serverless, on a real PostgreSQL."""
