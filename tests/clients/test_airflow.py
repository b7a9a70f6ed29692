"""The operators and sensors of Airflow's Amazon provider, in a DAG that Airflow itself runs."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.clients
JOB = """
import sys
import boto3
from awsglue.utils import getResolvedOptions

bucket = getResolvedOptions(sys.argv, ["bucket"])["bucket"]
boto3.client("s3").put_object(Bucket=bucket, Key="written_by_job", Body=b"by the job")
"""
FUNCTION = """
def handler(event, context):
    return {"twice": 2 * event["n"]}
"""
RETURNED: dict[str, Any] = {
    "read_tags": [{"Key": "team", "Value": "boats"}],
    "list_objects": ["copies/1.csv", "copies/2.csv"],
    "list_prefixes": ["boats/", "copies/"],
    "read_object": "1,Marisol\n2,Açaí",  # the template that renders the data drops a newline at its end
    "read_result": '"boats"\n"2"\n',
    "read_job": "by the job",
    "invoke_function": {"twice": 40},
    "list_left": ["boats/port=santos/1.csv"],
}


def test_a_dag_of_operators_and_sensors_succeeds(client_of: Callable[..., Any]) -> None:
    client = client_of("airflow", "airflow_project")
    variables = {
        "AIRFLOW_HOME": str(client.folder / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(client.folder / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
        **resources(client),
    }
    client.run("airflow", "db", "migrate", **variables)
    returned = json.loads(client.run("python", "dags/operators.py", **variables).splitlines()[-1])
    assert {name: returned[name] for name in RETURNED} == RETURNED
    assert [message["Body"] for message in returned["wait_for_message"]] == ["ahoy"]
    assert [json.loads(message["Body"])["Message"] for message in returned["wait_for_notification"]] == ["storm"]
    records = [[next(iter(cell.values())) for cell in row] for row in returned["select_from_warehouse"][0]["Records"]]
    assert records == [[1, "Marisol"], [2, "Açaí"], [9, "Nove"]]


def resources(client: Any) -> dict[str, str]:
    """Create what the DAG does not create itself: a queue, a topic, an item, a cluster, two programs."""
    aws, name = client.server.client, client.bucket
    queue = aws("sqs").create_queue(QueueName=name)["QueueUrl"]
    attributes = aws("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    topic = aws("sns").create_topic(Name=name)["TopicArn"]
    aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=attributes["QueueArn"])
    aws("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    aws("dynamodb").put_item(TableName=name, Item={"id": {"S": "1"}, "state": {"S": "docked"}})
    aws("redshift").create_cluster(
        ClusterIdentifier=name, NodeType="ra3.large", MasterUsername="admin", MasterUserPassword="Secret99x"
    )
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", FUNCTION)
    aws("s3").put_object(Bucket=name, Key="function.zip", Body=code.getvalue())
    script = client.folder / "job.py"
    script.write_text(JOB, encoding="utf-8")
    return {"QUEUE": queue, "TOPIC": topic, "CLUSTER": name, "ZIP": "function.zip", "GLUE_SCRIPT": str(script)}
