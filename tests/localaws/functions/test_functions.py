"""Lambda functions invoked with plain boto3: they run, fail, time out and log as on AWS."""

from __future__ import annotations

import base64
import json
import re
import sys
import threading
import time
import urllib.request
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError
from waiting import eventually

CODE = """
    import json, logging, os, sys, time
    logging.getLogger().setLevel("INFO")
    loaded = time.time()

    def handler(event, context):
        do = (event or {}).get("do", "")
        if do == "raise":
            raise ValueError("no such bank")
        if do == "sleep":
            time.sleep(event["seconds"])
        if do == "grow":
            held = bytearray(event["megabytes"] << 20)
            time.sleep(5)
        if do == "exit":
            os._exit(event["status"])
        if do == "print":
            print("first\\nsecond")
            logging.info("third")
        if do == "large":
            return "x" * 7_000_000
        if do == "unserializable":
            return {1, 2}
        return {"pid": os.getpid(), "loaded": loaded, "version": context.function_version, "do": do,
                "arn": context.invoked_function_arn, "left": context.get_remaining_time_in_millis(),
                "mark": os.environ.get("MARK"), "path": sys.path, "cwd": os.getcwd()}
"""


@pytest.fixture(scope="module")
def shared(functions: Any) -> str:
    """One function for the tests that do not change it."""
    return str(functions.create(CODE, Timeout=2, Environment={"Variables": {"MARK": "m"}}))


def code_of(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_an_environment_is_kept_warm_and_sees_only_its_own_code(functions: Any, shared: str) -> None:
    first, second = functions.invoke(shared)[0], functions.invoke(shared, {"do": "x"})[0]
    assert (first["pid"], first["loaded"]) == (second["pid"], second["loaded"])
    assert second["do"] == "x"
    assert first["mark"] == "m"
    assert first["version"] == "$LATEST"
    assert first["arn"] == f"arn:aws:lambda:us-east-1:123456789012:function:{shared}"
    assert 0 < first["left"] <= 2000
    assert first["cwd"] == first["path"][0]
    assert not [path for path in first["path"] if path.endswith(("site-packages", "packages"))]


def test_a_function_knows_itself_and_reaches_this_server(functions: Any) -> None:
    code = """
        import os, boto3
        def handler(event, context):
            account = boto3.client("sts").get_caller_identity()["Account"]
            names = "NAME VERSION MEMORY_SIZE".split()
            return {"account": account, "region": os.environ["AWS_REGION"], "root": os.environ["LAMBDA_TASK_ROOT"],
                    "here": os.path.dirname(os.path.abspath(__file__)), "handler": os.environ["_HANDLER"],
                    "own": [os.environ[f"AWS_LAMBDA_FUNCTION_{name}"] for name in names]}
    """
    name = functions.create(code, MemorySize=256)
    answer = functions.invoke(name)[0]
    assert answer["own"] == [name, "$LATEST", "256"]
    assert (answer["account"], answer["region"], answer["handler"]) == ("123456789012", "us-east-1", "app.handler")
    assert answer["root"] == answer["here"]
    assert answer["root"].startswith(str(functions.server.home))


@pytest.mark.skipif(find_spec("awslambdaric") is None, reason="NO WHEEL OF awslambdaric FOR THIS MACHINE")
def test_a_function_runs_under_the_runtime_client_of_aws(functions: Any) -> None:
    code = "def handler(event, context): return type(context).__module__"
    assert functions.invoke(functions.create(code)) == ("awslambdaric.lambda_context", "")


def test_tags_of_a_function_are_added_replaced_and_removed(functions: Any) -> None:
    client, name = functions.client, functions.create("", Tags={"team": "star", "cost": "1"})
    arn = client.get_function_configuration(FunctionName=name)["FunctionArn"]
    client.tag_resource(Resource=arn, Tags={"cost": "2", "stage": "dev"})
    assert client.list_tags(Resource=arn)["Tags"] == {"team": "star", "cost": "2", "stage": "dev"}
    client.untag_resource(Resource=arn, TagKeys=["team", "nobody"])
    assert client.get_function(FunctionName=name)["Tags"] == {"cost": "2", "stage": "dev"}


def test_functions_are_listed_in_pages(functions: Any) -> None:
    names = {functions.create("", FunctionName=f"listed-{number}") for number in range(3)}
    pages = functions.client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2})
    name_pages = [[function["FunctionName"] for function in page["Functions"]] for page in pages]
    assert all(len(page) <= 2 for page in name_pages)
    assert names <= {name for page in name_pages for name in page}


def test_an_exception_is_the_answer(functions: Any, shared: str) -> None:
    payload, error = functions.invoke(shared, {"do": "raise"})
    assert error == "Unhandled"
    assert (payload["errorType"], payload["errorMessage"]) == ("ValueError", "no such bank")
    assert payload["stackTrace"] == [
        '  File "/var/task/app.py", line 8, in handler\n    raise ValueError("no such bank")\n'
    ]


def test_a_timeout_ends_the_process(functions: Any, shared: str) -> None:
    before = functions.invoke(shared)[0]["pid"]
    payload, error = functions.invoke(shared, {"do": "sleep", "seconds": 30})
    assert (error, payload["errorType"]) == ("Unhandled", "Sandbox.Timedout")
    assert re.fullmatch(r"RequestId: [0-9a-f-]{36} Error: Task timed out after 2\.00 seconds", payload["errorMessage"])
    assert functions.invoke(shared)[0]["pid"] != before


@pytest.mark.skipif(sys.platform != "linux", reason="NO SUBREAPER: processes in other sessions are ended on Linux only")
@pytest.mark.parametrize("end", ["time.sleep(60)", "os._exit(1)", "return 1"])
def test_nothing_that_a_function_started_outlives_it(functions: Any, exchange: Path, end: str) -> None:
    """Not even what left its process group, or what an ended parent left behind."""
    code = f"""
        import os, subprocess, time
        def handler(event, context):
            subprocess.run(["sh", "-c", "setsid sleep 612 & echo $! > " + event["file"]])
            child = subprocess.Popen(["sleep", "613"], start_new_session=True)
            with open(event["file"], "a") as file:
                file.write(str(child.pid))
            {end}
    """
    name = functions.create(code, Timeout=1)
    functions.invoke(name, {"file": str(exchange / "pids")})
    functions.client.delete_function(FunctionName=name)
    for pid in map(int, (exchange / "pids").read_text().split()):
        eventually(lambda pid=pid: not psutil.pid_exists(pid), 5)


def test_memory_over_the_limit_ends_the_process(functions: Any, shared: str) -> None:
    payload, error = functions.invoke(shared, {"do": "grow", "megabytes": 200})
    assert (error, payload["errorType"]) == ("Unhandled", "Runtime.OutOfMemory")
    assert payload["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")
    assert functions.invoke(shared)[1] == ""


@pytest.mark.parametrize(("status", "reason"), [(0, "without providing a reason"), (3, "with error: exit status 3")])
def test_a_process_that_exits(functions: Any, shared: str, status: int, reason: str) -> None:
    payload, error = functions.invoke(shared, {"do": "exit", "status": status})
    assert (error, payload["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert payload["errorMessage"].endswith(f"Error: Runtime exited {reason}")


@pytest.mark.parametrize(
    ("handler", "code", "kind", "message"),
    [
        ("app.nothing", "", "Runtime.HandlerNotFound", "Handler 'nothing' missing on module 'app'"),
        ("other.h", "", "Runtime.ImportModuleError", "Unable to import module 'other': No module named 'other'"),
        ("app.h", "1/0", "ZeroDivisionError", "division by zero"),
        ("app.h", "import duckdb", "Runtime.ImportModuleError",
         "Unable to import module 'app': No module named 'duckdb'"),
        ("app", "", "Runtime.MalformedHandlerName",
         "Bad handler 'app': not enough values to unpack (expected 2, got 1)"),
    ],
)  # fmt: skip
def test_a_handler_that_cannot_be_loaded(functions: Any, handler: str, code: str, kind: str, message: str) -> None:
    payload, error = functions.invoke(functions.create(code, handler))
    assert (error, payload["errorType"], payload["errorMessage"]) == ("Unhandled", kind, message)


def test_what_a_function_writes_is_in_its_log(functions: Any) -> None:
    name = functions.create(CODE)
    answer = functions.client.invoke(FunctionName=name, Payload=b'{"do":"print"}', LogType="Tail")
    functions.invoke(name, {"do": "raise"})
    request_id = answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
    lines = functions.lines(name)
    started = next(number for number, line in enumerate(lines) if line.startswith("START"))
    assert lines[0].startswith("INIT_START Runtime Version: python:3.11")
    assert lines[started] == f"START RequestId: {request_id} Version: $LATEST"
    assert lines[started + 1 : started + 3] == ["first", "second"]
    assert re.fullmatch(rf"\[INFO\]\t[0-9T:.-]+Z\t{request_id}\tthird", lines[started + 3])
    assert lines[started + 4] == f"END RequestId: {request_id}"
    report = r"Duration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB"
    assert re.fullmatch(rf"REPORT RequestId: {request_id}\t{report}\tInit Duration: [\d.]+ ms\t", lines[started + 5])
    trace = '\n\xa0\xa0File "/var/task/app.py", line 8, in handler\n'
    assert any(
        line.startswith(f"[ERROR] ValueError: no such bank\nTraceback (most recent call last):{trace}")
        for line in lines
    )
    tail = base64.b64decode(answer["LogResult"]).decode()
    assert tail.startswith("START RequestId: ")  # as recorded in test_lambda_destinations.py
    assert "second\n" in tail


def test_answers_that_lambda_does_not_take(functions: Any, shared: str) -> None:
    payload, error = functions.invoke(shared, {"do": "large"})
    assert error == "Unhandled"
    assert payload == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    }
    payload, error = functions.invoke(shared, {"do": "unserializable"})
    assert (error, payload["errorType"]) == ("Unhandled", "Runtime.MarshalError")


def test_requests_that_lambda_does_not_take(functions: Any, shared: str) -> None:
    client = functions.client
    with pytest.raises(ClientError) as error:
        client.invoke(FunctionName=shared, Payload=b"{" + b" " * 6_291_456)
    assert code_of(error) == (
        "RequestEntityTooLargeException",
        "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
    )
    with pytest.raises(ClientError) as error:
        client.invoke(FunctionName=shared, Payload=b"{no json")
    assert code_of(error)[0] == "InvalidRequestContentException"
    with pytest.raises(ClientError) as error:
        client.invoke(FunctionName="nobody")
    assert code_of(error) == (
        "ResourceNotFoundException",
        "Function not found: arn:aws:lambda:us-east-1:123456789012:function:nobody:$LATEST",
    )
    assert client.invoke(FunctionName=shared, InvocationType="DryRun")["StatusCode"] == 204


def test_reserved_concurrency_is_the_most_at_a_time(functions: Any) -> None:
    name = functions.create(CODE)
    functions.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=2)
    sleeping = [threading.Thread(target=functions.invoke, args=(name, {"do": "sleep", "seconds": 4})) for _ in range(2)]
    for thread in sleeping:
        thread.start()
    time.sleep(0.5)  # both are called before what follows

    def throttled() -> bool:
        try:
            functions.invoke(name, {"do": "x"})
        except ClientError as error:
            assert error.response["Error"]["Code"] == "TooManyRequestsException"
            assert error.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
            return True
        return False

    assert any(throttled() for _ in range(50))
    for thread in sleeping:
        thread.join()
    assert functions.invoke(name)[1] == ""
    with pytest.raises(ClientError) as error:
        functions.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=950)
    assert code_of(error)[1].endswith("UnreservedConcurrentExecution below its minimum value of [100].")


def test_what_was_set_is_read_back_and_used(functions: Any) -> None:
    client, name = functions.client, functions.create(CODE, Tags={"team": "star"})
    settings = {
        "Timeout": 7, "MemorySize": 256, "Description": "d", "TracingConfig": {"Mode": "Active"},
        "Environment": {"Variables": {"MARK": "new"}}, "EphemeralStorage": {"Size": 512},
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:q"},
    }  # fmt: skip
    client.update_function_configuration(FunctionName=name, **settings)
    client.update_function_configuration(FunctionName=name, DeadLetterConfig={})  # AWS changes nothing by this
    function = client.get_function(FunctionName=name)
    assert {key: function["Configuration"][key] for key in settings} == settings
    assert function["Tags"] == {"team": "star"}
    assert (function["Configuration"]["State"], function["Configuration"]["LastUpdateStatus"]) == (
        "Active",
        "Successful",
    )
    assert functions.invoke(name)[0]["mark"] == "new"
    removed = client.update_function_configuration(FunctionName=name, DeadLetterConfig={"TargetArn": ""})
    assert "DeadLetterConfig" not in removed
    with urllib.request.urlopen(function["Code"]["Location"]) as code:
        assert code.read().startswith(b"PK")


def test_a_layer_is_importable(functions: Any) -> None:
    content = {"ZipFile": functions.zipped({"python/shared.py": "NAME = 'layer'"})}
    layer = functions.client.publish_layer_version(LayerName="shared", Content=content)["LayerVersionArn"]
    (listed,) = [
        candidate for candidate in functions.client.list_layers()["Layers"] if candidate["LayerName"] == "shared"
    ]
    assert listed["LatestMatchingVersion"]["LayerVersionArn"] == layer
    assert functions.client.get_layer_version_by_arn(Arn=layer)["LayerVersionArn"] == layer
    name = functions.create("import shared\ndef handler(e, c): return shared.NAME", Layers=[layer])
    assert functions.invoke(name) == ("layer", "")
    with pytest.raises(ClientError) as error:
        functions.create("", Layers=[f"{layer}9"])
    assert code_of(error)[1] == f"Layer version {layer}9 does not exist."


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"Code": {"ImageUri": "x"}, "PackageType": "Image"},
         "localaws does not support PackageType Image: container images are not supported; upload a zip file"),
        ({"FileSystemConfigs": [{
            "Arn": "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-0123456789abcdef0",
            "LocalMountPath": "/mnt/x"}]},
         "localaws does not support FileSystemConfigs: EFS is not supported"),
        ({"Code": {"ZipFile": b"no zip"}},
         "Could not unzip uploaded file. Please check your file, then try to upload again."),
        ({"Runtime": "nodejs22.x"},
         "localaws does not support Runtime nodejs22.x: supported are python3.8, python3.9, python3.10, python3.11, "
         "python3.12, python3.13, python3.14"),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}},
         "Lambda was unable to configure your environment variables because the environment variables you have "
         "provided contains reserved keys that are currently not supported for modification. Reserved keys used in "
         "this request: AWS_REGION"),
    ],
)  # fmt: skip
def test_what_is_not_honoured_is_refused_by_name(functions: Any, options: dict[str, Any], message: str) -> None:
    settings = {
        "FunctionName": "refused", "Runtime": "python3.11", "Role": "arn:aws:iam::123456789012:role/r",
        "Handler": "a.b", "Code": {"ZipFile": functions.zipped({"a.py": ""})},
    }  # fmt: skip
    with pytest.raises(ClientError) as error:
        functions.client.create_function(**{**settings, **options})
    assert code_of(error) == ("InvalidParameterValueException", message)


def test_permissions_are_kept(functions: Any, shared: str) -> None:
    client = functions.client
    client.add_permission(
        FunctionName=shared, StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::b", SourceAccount="123456789012",
    )  # fmt: skip
    (statement,) = json.loads(client.get_policy(FunctionName=shared)["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Condition"] == {
        "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"},
        "StringEquals": {"AWS:SourceAccount": "123456789012"},
    }
    client.remove_permission(FunctionName=shared, StatementId="s3")
    with pytest.raises(ClientError):
        client.get_policy(FunctionName=shared)
