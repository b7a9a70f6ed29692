"""AWS on one machine: S3 in a directory, Glue jobs and Lambda functions that run, Athena queries that return rows.

Plain boto3 with ``AWS_ENDPOINT_URL`` talks to it. ``localaws up`` starts a server, and :func:`localaws.running.running`
starts one for the length of a ``with`` block.
"""
