"""``healthy.py scheduler``: whether a part of Airflow is alive, as the API server knows by its heartbeat.

Starting Airflow's own command for each check would cost seconds of CPU.
"""

from __future__ import annotations

import json
import sys
import urllib.request

HEALTH = "http://airflow-api-server:8080/api/v2/monitor/health"


def main(part: str) -> int:
    """Exit status 0 where ``part`` (a key of the answer, such as ``dag_processor``) is healthy, else 1."""
    with urllib.request.urlopen(HEALTH, timeout=5) as answer:
        status = json.load(answer)[part]["status"]
    print(f"{part}: {status}")
    return 0 if status == "healthy" else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
