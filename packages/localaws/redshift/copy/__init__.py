"""COPY: loads rows of objects in S3 into a table, with Redshift's conversions and error records."""
