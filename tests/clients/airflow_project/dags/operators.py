"""A DAG of the Amazon provider's operators and sensors, as users write them. Runs it, and prints one JSON object: what
each task returned, for sensors of SQS their messages.
"""

from __future__ import annotations

import json
import os
import sys
from base64 import b64encode
from typing import Any

from airflow.providers.amazon.aws.operators.athena import AthenaOperator
from airflow.providers.amazon.aws.operators.eventbridge import EventBridgePutEventsOperator, EventBridgePutRuleOperator
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.amazon.aws.operators.lambda_function import (
    LambdaCreateFunctionOperator,
    LambdaInvokeFunctionOperator,
)
from airflow.providers.amazon.aws.operators.redshift_data import RedshiftDataOperator
from airflow.providers.amazon.aws.operators.s3 import (
    S3CopyObjectOperator,
    S3CreateBucketOperator,
    S3CreateObjectOperator,
    S3DeleteBucketOperator,
    S3DeleteObjectsOperator,
    S3FileTransformOperator,
    S3GetBucketTaggingOperator,
    S3ListOperator,
    S3ListPrefixesOperator,
    S3PutBucketTaggingOperator,
    S3ReadObjectOperator,
)
from airflow.providers.amazon.aws.operators.sns import SnsPublishOperator
from airflow.providers.amazon.aws.operators.sqs import SqsPublishOperator
from airflow.providers.amazon.aws.sensors.athena import AthenaSensor
from airflow.providers.amazon.aws.sensors.dynamodb import DynamoDBValueSensor
from airflow.providers.amazon.aws.sensors.glue import GlueJobSensor
from airflow.providers.amazon.aws.sensors.glue_catalog_partition import GlueCatalogPartitionSensor
from airflow.providers.amazon.aws.sensors.lambda_function import LambdaFunctionStateSensor
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.providers.amazon.aws.sensors.sqs import SqsSensor
from airflow.providers.amazon.aws.transfers.s3_to_redshift import S3ToRedshiftOperator
from airflow.sdk import DAG, chain

BUCKET, SCHEMA = os.environ["BUCKET"], os.environ["SCHEMA"]
QUEUE, TOPIC, CLUSTER, ZIP = (os.environ[name] for name in ("QUEUE", "TOPIC", "CLUSTER", "ZIP"))
OTHER = f"{BUCKET}-other"
ROLE = "arn:aws:iam::123456789012:role/airflow"
TABLE = f"""
CREATE EXTERNAL TABLE boats (id int, name string) PARTITIONED BY (port string)
ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://{OTHER}/boats/'
"""


def objects() -> list[Any]:
    key: dict[str, Any] = {
        "bucket_key": "boats/port=santos/*.csv",
        "bucket_name": OTHER,
        "wildcard_match": True,
        "poke_interval": 1,
    }
    return [
        S3CreateBucketOperator(task_id="create_bucket", bucket_name=OTHER),
        S3PutBucketTaggingOperator(task_id="tag_bucket", bucket_name=OTHER, key="team", value="boats"),
        S3GetBucketTaggingOperator(task_id="read_tags", bucket_name=OTHER),
        S3CreateObjectOperator(
            task_id="create_object", s3_bucket=OTHER, s3_key="boats/port=santos/1.csv", data="1,Marisol\n2,Açaí\n"
        ),
        S3KeySensor(task_id="wait_for_object", **key),
        S3CopyObjectOperator(
            task_id="copy_object",
            source_bucket_key=f"s3://{OTHER}/boats/port=santos/1.csv",
            dest_bucket_key=f"s3://{OTHER}/copies/1.csv",
        ),
        S3FileTransformOperator(
            task_id="transform_object",
            source_s3_key=f"s3://{OTHER}/copies/1.csv",
            dest_s3_key=f"s3://{OTHER}/copies/2.csv",
            transform_script="/bin/cp",
        ),
        S3ListOperator(task_id="list_objects", bucket=OTHER, prefix="copies/"),
        S3ListPrefixesOperator(task_id="list_prefixes", bucket=OTHER, prefix="", delimiter="/"),
        S3ReadObjectOperator(task_id="read_object", s3_bucket=OTHER, s3_key="copies/2.csv"),
    ]


def queries() -> list[Any]:
    place: dict[str, Any] = {"database": SCHEMA, "output_location": f"s3://{BUCKET}/results/", "sleep_time": 1}
    partition: dict[str, Any] = {
        "database_name": SCHEMA,
        "table_name": "boats",
        "expression": "port='santos'",
        "poke_interval": 1,
    }
    return [
        AthenaOperator(
            task_id="create_database", query=f"CREATE DATABASE {SCHEMA}", **{**place, "database": "default"}
        ),
        AthenaOperator(task_id="create_table", query=TABLE, **place),
        AthenaOperator(task_id="add_partitions", query="MSCK REPAIR TABLE boats", **place),
        GlueCatalogPartitionSensor(task_id="wait_for_partition", **partition),
        AthenaOperator(
            task_id="select",
            query="SELECT count(*) AS boats FROM boats WHERE port = '{{ params.port }}'",
            params={"port": "santos"},
            **place,
        ),
        AthenaSensor(task_id="wait_for_query", query_execution_id="{{ ti.xcom_pull('select') }}", sleep_time=1),
        S3ReadObjectOperator(
            task_id="read_result", s3_bucket=BUCKET, s3_key="results/{{ ti.xcom_pull('select') }}.csv"
        ),
    ]


def jobs() -> list[Any]:
    return [
        GlueJobOperator(
            task_id="run_job",
            job_name=f"{BUCKET}-job",
            script_location=os.environ["GLUE_SCRIPT"],
            s3_bucket=BUCKET,
            iam_role_arn=ROLE,
            num_of_dpus=0.0625,
            create_job_kwargs={
                "Command": {"Name": "pythonshell", "ScriptLocation": f"s3://{BUCKET}/artifacts/glue-scripts/job.py"}
            },
            script_args={"--bucket": BUCKET},
            job_poll_interval=1,
            verbose=True,
        ),
        GlueJobSensor(
            task_id="wait_for_job",
            job_name=f"{BUCKET}-job",
            run_id="{{ ti.xcom_pull('run_job') }}",
            poke_interval=1,
        ),
        S3ReadObjectOperator(task_id="read_job", s3_bucket=BUCKET, s3_key="written_by_job"),
    ]


def functions() -> list[Any]:
    return [
        LambdaCreateFunctionOperator(
            task_id="create_function",
            function_name=f"{BUCKET}-function",
            runtime="python3.11",
            role=ROLE,
            handler="app.handler",
            code={"S3Bucket": BUCKET, "S3Key": ZIP},
            wait_for_completion=True,
            waiter_delay=1,
        ),
        LambdaFunctionStateSensor(task_id="wait_for_function", function_name=f"{BUCKET}-function", poke_interval=1),
        LambdaInvokeFunctionOperator(
            task_id="invoke_function",
            function_name=f"{BUCKET}-function",
            payload=json.dumps({"n": 20}),
            log_type="Tail",
            client_context=b64encode(b"{}").decode(),
        ),
    ]


def messages() -> list[Any]:
    event = {"Source": "boats", "DetailType": "arrived", "Detail": '{"boat": "Marisol"}'}
    return [
        SqsPublishOperator(
            task_id="send_message",
            sqs_queue=QUEUE,
            message_content="ahoy",
            message_attributes={"port": {"DataType": "String", "StringValue": "santos"}},
        ),
        SqsSensor(task_id="wait_for_message", sqs_queue=QUEUE, poke_interval=1),
        SnsPublishOperator(task_id="publish", target_arn=TOPIC, message="storm", subject="weather"),
        SqsSensor(
            task_id="wait_for_notification",
            sqs_queue=QUEUE,
            message_filtering="jsonpath",
            message_filtering_config="Subject",
            message_filtering_match_values=["weather"],
            poke_interval=1,
        ),
        EventBridgePutRuleOperator(
            task_id="put_rule", name=f"{BUCKET}-rule", event_pattern='{"source": ["boats"]}', state="ENABLED"
        ),
        EventBridgePutEventsOperator(task_id="put_events", entries=[event]),
        DynamoDBValueSensor(
            task_id="wait_for_item",
            table_name=BUCKET,
            partition_key_name="id",
            partition_key_value="1",
            attribute_name="state",
            attribute_value=["docked"],
            poke_interval=1,
        ),
    ]


def warehouse() -> list[Any]:
    cluster: dict[str, Any] = {"cluster_identifier": CLUSTER, "database": "dev", "db_user": "admin", "poll_interval": 1}
    return [
        RedshiftDataOperator(
            task_id="create_warehouse_table",
            sql=["CREATE TABLE boats (id int, name varchar(20))", "INSERT INTO boats VALUES (9, 'Nove')"],
            **cluster,
        ),
        S3ToRedshiftOperator(
            task_id="copy_to_warehouse",
            schema="public",
            table="boats",
            s3_bucket=OTHER,
            s3_key="copies/1.csv",
            copy_options=["csv"],
            redshift_data_api_kwargs={"cluster_identifier": CLUSTER, "database": "dev", "db_user": "admin"},
        ),
        RedshiftDataOperator(
            task_id="select_from_warehouse",
            sql="SELECT id, name FROM boats WHERE id < :most ORDER BY id",
            parameters=[{"name": "most", "value": "10"}],
            return_sql_result=True,
            **cluster,
        ),
    ]


def leave() -> list[Any]:
    return [
        S3DeleteObjectsOperator(task_id="delete_objects", bucket=OTHER, prefix="copies/"),
        S3ListOperator(task_id="list_left", bucket=OTHER),
        S3DeleteBucketOperator(task_id="delete_bucket", bucket_name=OTHER, force_delete=True),
    ]


with DAG("operators") as dag:
    files, asked, copied, left = objects(), queries(), warehouse(), leave()
    chain(*files, *asked, left[0])
    chain(files[-1], *copied, left[0], *left[1:])
    chain(*jobs())
    chain(*functions())
    chain(*messages())


def main() -> None:
    run = dag.test()
    instances = run.get_task_instances()
    if failed := sorted(instance.task_id for instance in instances if instance.state == "failed"):
        sys.exit(f"failed: {failed}")
    returned = {
        instance.task_id: instance.xcom_pull(
            task_ids=instance.task_id,
            key="messages" if isinstance(dag.get_task(instance.task_id), SqsSensor) else "return_value",
        )
        for instance in instances
    }
    print(json.dumps(returned, default=str))


if __name__ == "__main__":
    main()
