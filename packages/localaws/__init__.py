"""AWS on this machine: S3 on a directory, Glue jobs that run, Athena that answers.

Plain boto3 with ``AWS_ENDPOINT_URL`` talks to it; ``localaws up`` starts it and
:func:`localaws.running.running` starts one for the length of a ``with`` block.
"""
