"""What Airflow's containers on ECS run beside Airflow itself. Independent of the platform that the DAGs use."""
