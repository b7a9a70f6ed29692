"""localaws in another project: a new environment with only its declared dependencies."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from uv import find_uv_bin

ROOT = Path(__file__).parents[2]
# A Spark job with Iceberg and pandas, then Athena with a function implemented in Python, a timestamp and an UNLOAD,
# then a Lambda function, and Redshift.
TRIAL = '''
import io, time, zipfile
from localaws.running import running

JOB = b"""
from awsglue.context import GlueContext
from pyspark.context import SparkContext
spark = GlueContext(SparkContext.getOrCreate()).spark_session
spark.sql("CREATE NAMESPACE IF NOT EXISTS lake.db")
spark.range(3).writeTo("lake.db.t").using("iceberg").create()
print(spark.table("lake.db.t").toPandas().id.sum())
"""
CONF = " --conf ".join((
    "spark.sql.catalog.lake=org.apache.iceberg.spark.SparkCatalog",
    "spark.sql.catalog.lake.type=glue",
    "spark.sql.catalog.lake.warehouse=s3://lake/warehouse",
))


def query(athena, sql):
    output = {"OutputLocation": "s3://lake/results/"}
    query = athena.start_query_execution(QueryString=sql, ResultConfiguration=output)["QueryExecutionId"]
    state = "QUEUED"
    while state in ("QUEUED", "RUNNING"):
        time.sleep(0.05)
        status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
        state = status["State"]
    assert state == "SUCCEEDED", status
    rows = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
    return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows]


with running() as aws:
    s3, glue, athena = (aws.client(name) for name in ("s3", "glue", "athena"))
    s3.create_bucket(Bucket="lake")
    s3.put_object(Bucket="lake", Key="job.py", Body=JOB)
    command = {"Name": "glueetl", "ScriptLocation": "s3://lake/job.py"}
    arguments = {"--datalake-formats": "iceberg", "--conf": CONF}
    glue.create_job(Name="j", Role="r", Command=command, DefaultArguments=arguments)
    run = glue.start_job_run(JobName="j")["JobRunId"]
    while (found := glue.get_job_run(JobName="j", RunId=run)["JobRun"])["JobRunState"] in ("STARTING", "RUNNING"):
        time.sleep(0.1)
    assert found["JobRunState"] == "SUCCEEDED", found["ErrorMessage"]
    query(athena, "UNLOAD (SELECT id FROM db.t) TO 's3://lake/unloaded/' WITH (format = 'PARQUET')")
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("app.py", "import boto3\\ndef handler(event, context): return boto3.__name__")
    functions = aws.client("lambda")
    runtime = {"Runtime": "python3.11", "Role": "arn:aws:iam::123456789012:role/r", "Handler": "app.handler"}
    functions.create_function(FunctionName="f", Code={"ZipFile": data.getvalue()}, Timeout=30, **runtime)
    print(functions.invoke(FunctionName="f")["Payload"].read())
    master = {"MasterUsername": "admin", "MasterUserPassword": "Secret99x"}
    aws.client("redshift").create_cluster(ClusterIdentifier="dw", NodeType="ra3.large", **master)
    place = {"ClusterIdentifier": "dw", "Database": "dev", "DbUser": "admin"}
    redshift = aws.client("redshift-data")
    statement = redshift.execute_statement(Sql="SELECT 7", WaitTimeSeconds=30, **place)["Id"]
    while redshift.describe_statement(Id=statement)["Status"] not in ("FINISHED", "FAILED"):
        time.sleep(0.1)
    print(redshift.get_statement_result(Id=statement)["Records"])
    print(query(athena, "SELECT sum(id), url_extract_host('https://a.test/b'), from_unixtime(0) FROM db.t")[1])
'''


@pytest.mark.slow
def test_it_needs_nothing_that_it_does_not_declare(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    sync = [
        find_uv_bin(),
        "sync",
        "--quiet",
        "--frozen",
        "--no-default-groups",
        "--package",
        "localaws",
        "--no-editable",
    ]
    environ["UV_PROJECT_ENVIRONMENT"] = str(tmp_path / "venv")
    subprocess.run(sync, cwd=ROOT, env=environ, check=True, timeout=300)
    python = [str(tmp_path / "venv" / "bin" / "python"), "-c", TRIAL]
    done = subprocess.run(python, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines() == [
        "b'\"boto3\"'", "[[{'longValue': 7}]]", "['3', 'a.test', '1970-01-01 00:00:00.000 UTC']",
    ]  # fmt: skip
