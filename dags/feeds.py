"""One Airflow DAG per feed that `estrela.feeds` declares: `feed_<name>`."""

from __future__ import annotations

from estrela.airflow.feed_dag import feed_dag
from estrela.model.feed_plan import feed_dag_id
from estrela.model.feeds import feeds

for feed in feeds().values():
    globals()[feed_dag_id(feed.name)] = feed_dag(feed)
