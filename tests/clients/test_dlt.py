"""dlt's athena destination, on Hive and on Iceberg tables, with two loads each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.clients

FRUITS = [
    ["1", "açaí", "1.500000000", "2024-01-01 10:30:00", "2024-01-01", "True", "1.5"],
    ["2", "cupuaçu", "2.250000000", "2024-01-02 00:00:00", "2024-01-02", "False", "2.5"],
]
COMMON = {
    "append": FRUITS,
    "nested": [["fruit"], ["purple"]],
    "new column": [["1", "None"], ["2", "None"], ["3", "Pará"]],
    "replace": [["1", "None"]],
    "replace, nested": [["fruit"], ["purple"]],
    "loads": [["5", "0"]],
    "restored": ["fruits", "fruits__tags", "prices", "prices__tags"],
}
# dlt merges into Iceberg tables, but appends to Hive tables.
MERGED: dict[str, dict[str, Any]] = {
    "hive": {
        "merge": [["1", "açaí"], ["1", "açaí-juçara"], ["2", "cupuaçu"]],
        "merge, nested": [["fruit"], ["palm"], ["purple"]],
        "dataset": 3,
    },
    "iceberg": {
        "merge": [["1", "açaí-juçara"], ["2", "cupuaçu"]],
        "merge, nested": [["palm"]],
        "dataset": 2,
    },
}


@pytest.mark.parametrize("table_format", ["hive", "iceberg"])
def test_loads_append_replace_and_merge(client_of: Callable[..., Any], table_format: str) -> None:
    client = client_of("dlt")
    aws = {
        "AWS_ACCESS_KEY_ID": "localaws",
        "AWS_SECRET_ACCESS_KEY": "localaws",
        "ENDPOINT_URL": client.server.endpoint,
        "REGION_NAME": client.server.region,
    }
    settings = {
        "DESTINATION__FILESYSTEM__BUCKET_URL": f"s3://{client.bucket}/data",
        "DESTINATION__ATHENA__QUERY_RESULT_BUCKET": f"s3://{client.bucket}/results",
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "DLT_DATA_DIR": str(client.folder / "data"),  # root's would be /var/dlt, which all runs share
    }
    for destination in ("FILESYSTEM", "ATHENA"):
        settings |= {f"DESTINATION__{destination}__CREDENTIALS__{name}": value for name, value in aws.items()}
    assert client.answers("dlt_loads.py", table_format, **settings) == COMMON | MERGED[table_format]
