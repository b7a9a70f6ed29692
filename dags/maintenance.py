"""One Airflow DAG per star, `maintain_<name>`, which maintains its tables."""

from __future__ import annotations

from estrela.airflow.maintenance_dag import maintenance_dag
from estrela.model.star import star_names

for name in star_names():
    globals()[f"maintain_{name}"] = maintenance_dag(name)
