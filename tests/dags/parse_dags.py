"""Print the DAGs of a DAG file as JSON; the tests run the text of this file in a fork of Airflow.

``imports``: names of the packages that parsing imported; ``dags``: the DAGs by the names of their variables.
"""

import importlib.util
import json
import sys

from airflow.sdk import DAG

before = set(sys.modules)
spec = importlib.util.spec_from_file_location("dag_file", sys.argv[1])
assert spec is not None
assert spec.loader is not None
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
print(
    json.dumps(
        {
            "imports": sorted({name.partition(".")[0] for name in set(sys.modules) - before}),
            "dags": {
                dag.dag_id: {
                    "name": name,
                    "tasks": {task.task_id: sorted(task.upstream_task_ids) for task in dag.tasks},
                    "rules": {task.task_id: task.trigger_rule for task in dag.tasks},
                    "retries": {task.task_id: task.retries for task in dag.tasks},
                    "mode": [task.mode for task in dag.tasks if hasattr(task, "mode")],
                    "params": {key: dag.params.get_param(key).schema for key in dag.params},
                    "settings": [dag.catchup, dag.max_active_runs, sorted(dag.tags)],
                    "schedule": str(getattr(dag.schedule, "expression", dag.schedule)),
                    "starts_paused": dag.is_paused_upon_creation,
                    "doc": dag.doc_md,
                    "texts": {task.task_id: [task.task_display_name, task.doc_md] for task in dag.tasks},
                    "outlets": {
                        task.task_id: [outlet.uri for outlet in task.outlets] for task in dag.tasks if task.outlets
                    },
                    "description": dag.description,
                }
                for name, dag in vars(module).items()
                if isinstance(dag, DAG)
            },
        }
    )
)
