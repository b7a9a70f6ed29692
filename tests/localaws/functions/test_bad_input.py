"""Faulty code and settings give AWS's error and text, and waiting messages and records are not lost."""

from __future__ import annotations

import io
import json
import struct
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from mapping_bench import ACCOUNT, CODE, Bench
from waiting import eventually

from localaws.running import Running

AARCH64, RISCV = 183, 243
RAISES = """
raise RuntimeError("no configuration")
def handler(event, context): pass
"""


def foreign_library() -> bytes:
    """Return the header of a 64-bit ELF library for a different architecture."""
    native = Path(sys.executable).resolve().read_bytes()[18:20]
    machine = RISCV if native == struct.pack("<H", AARCH64) else AARCH64
    identity = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    return identity + struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 0, 0, 0, 64, 56, 0, 64, 0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="ELF libraries")
def test_a_layer_of_another_architecture_fails_at_import(functions: Any) -> None:
    """AWS accepts such a layer; the function's first import of it fails."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("python/native.so", foreign_library())
    layer = functions.client.publish_layer_version(
        LayerName="foreign", Content={"ZipFile": data.getvalue()}, CompatibleArchitectures=["arm64"]
    )["LayerVersionArn"]
    name = functions.create("import native\ndef handler(e, c): return 1", Layers=[layer], Architectures=["x86_64"])
    payload, error = functions.invoke(name)
    assert (error, payload["errorType"]) == ("Unhandled", "Runtime.ImportModuleError")
    missing = "/opt/python/native.so: cannot open shared object file: No such file or directory"
    assert payload["errorMessage"] == f"Unable to import module 'app': {missing}"


def test_a_table_without_a_stream_is_no_source(bench: Bench) -> None:
    arn = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/without-stream"
    bench.dynamodb.create_table(
        TableName="without-stream",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with pytest.raises(ClientError) as error:
        bench.map(arn, StartingPosition="LATEST")
    answer = error.value.response["Error"]
    assert (answer["Code"], answer["Message"]) == ("InvalidParameterValueException", f"Stream not found: {arn}")


def test_a_filter_that_is_refused_leaves_the_mapping_as_it_was(bench: Bench) -> None:
    table = bench.table()
    uid = bench.map_table(table)
    with pytest.raises(ClientError) as error:
        bench.functions.client.update_event_source_mapping(
            UUID=uid, FilterCriteria={"Filters": [{"Pattern": '{"dynamodb": "all"}'}]}
        )
    assert error.value.response["Error"]["Message"] == "Invalid filter pattern definition."
    bench.put(table, "a")
    eventually(lambda: bench.seen() == ["a"])


def test_records_wait_for_a_function_that_cannot_be_imported(bench: Bench) -> None:
    """Records of a stream are retried until they expire, and a queue keeps its messages."""
    client, code = bench.functions.client, bench.functions.zipped
    client.update_function_code(FunctionName=bench.name, ZipFile=code({"app.py": RAISES}))
    table, (url, arn) = bench.table(), bench.queue(VisibilityTimeout="1")
    bench.put(table, "a", "b")
    bench.sqs.send_message(QueueUrl=url, MessageBody="message")
    uid = bench.map_table(table)
    bench.map(arn)
    problem = "PROBLEM: Function call failed"
    eventually(lambda: client.get_event_source_mapping(UUID=uid)["LastProcessingResult"] == problem)
    client.update_function_code(FunctionName=bench.name, ZipFile=code({"app.py": CODE}))
    # On a slow machine the message becomes visible again before its function ends, and is delivered twice.
    eventually(lambda: {*bench.seen()} == {"a", "b", "message"})
    assert [name for name in bench.seen() if name != "message"] == ["a", "b"]


def test_an_event_for_a_function_that_cannot_be_imported_reaches_its_destination(
    aws: Running, functions: Any, bucket: str
) -> None:
    name, s3 = functions.create(RAISES), aws.client("s3")
    config = {"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}}
    functions.client.put_function_event_invoke_config(FunctionName=name, DestinationConfig=config)
    functions.client.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"n": 1}')
    (entry,) = eventually(lambda: s3.list_objects_v2(Bucket=bucket).get("Contents"))
    assert entry["Key"].startswith(f"aws/lambda/async/{name}/")
    record = json.loads(s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read())
    assert (record["requestContext"]["condition"], record["requestContext"]["approximateInvokeCount"]) == (
        "RetriesExhausted", 3,
    )  # fmt: skip
    assert record["requestPayload"] == {"n": 1}
    payload = record["responsePayload"]
    assert (payload["errorType"], payload["errorMessage"]) == ("RuntimeError", "no configuration")
