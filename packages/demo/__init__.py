"""The platform on this machine, as ``make demo`` and ``make airflow`` run it."""
