"""Programs for Airflow's containers on ECS. They are independent of the platform package that the DAGs use."""
