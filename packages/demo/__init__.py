"""The main job on this machine: what ``make demo`` and ``make airflow`` run."""
