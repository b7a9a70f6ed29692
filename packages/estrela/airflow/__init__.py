"""Operators and task callables of the DAGs. Importing this package needs Airflow; only tasks import boto3."""
