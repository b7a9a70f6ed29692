"""Orchestration: the DAGs' operators and task callables. Importing needs Airflow; boto3 is imported only by tasks."""
