"""One Airflow DAG per star that `estrela.stars` declares: `star_<name>`."""

from __future__ import annotations

from estrela.airflow.star_dag import star_dag
from estrela.model.plan import dag_id
from estrela.model.star import star_names

for name in star_names():
    globals()[dag_id(name)] = star_dag(name)
