"""One Airflow DAG per feed that `estrela.feeds` declares: `feed_<name>`."""

from __future__ import annotations

from estrela.airflow.feed_dag import feed_dag
from estrela.airflow.unreadable import unreadable_feed
from estrela.model.feed_plan import feed_dag_id
from estrela.model.feeds import found_feeds

declarations = found_feeds()
for feed in declarations.feeds.values():
    globals()[feed_dag_id(feed.name)] = feed_dag(feed)
for name, problem in declarations.problems.items():
    globals()[feed_dag_id(name)] = unreadable_feed(name, problem)
