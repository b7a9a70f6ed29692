"""One Airflow DAG per star that `estrela.stars` declares: `star_<name>`."""

from __future__ import annotations

from airflow.sdk import DAG

from estrela.airflow.star_dag import star_dag
from estrela.airflow.unreadable import unreadable_star
from estrela.model.plan import dag_id
from estrela.model.star import star_names


def _dag(name: str) -> DAG:
    try:
        return star_dag(name)
    except Exception as error:  # noqa: BLE001 - a star that cannot be read must not take the others with it
        return unreadable_star(name, error)


for name in star_names():
    globals()[dag_id(name)] = _dag(name)
