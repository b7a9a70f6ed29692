"""Programs beside Airflow in its containers on ECS. Independent of the platform that the DAGs use."""
