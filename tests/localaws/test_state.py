"""moto's state: kept across restarts, and never left in a condition that cannot be stored."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID

from localaws.moto_state import MotoState, StateNotSavedError
from localaws.router import explained
from localaws.running import Running, running

ROLE = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/r"
TEMPLATE = {
    "Resources": {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "of-the-stack"}},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "of-the-stack"}},
    }
}


def test_glue_entities_that_refer_to_their_backend_are_kept(tmp_path: Path) -> None:
    with running(tmp_path) as aws:
        glue = aws.client("glue")
        targets = {"S3Targets": [{"Path": "s3://b/x/"}]}
        glue.create_crawler(Name="c", Role=ROLE, DatabaseName="a", Targets=targets)
        glue.create_trigger(Name="t", Type="ON_DEMAND", Actions=[{"JobName": "j"}])
        connection = {"Name": "n", "ConnectionType": "JDBC", "ConnectionProperties": {"USERNAME": "x"}}
        glue.create_connection(ConnectionInput=connection)
        glue.create_session(Id="s", Role=ROLE, Command={"Name": "glueetl"})
        glue.create_database(DatabaseInput={"Name": "a"})
    with running(tmp_path) as aws:
        glue = aws.client("glue")
        assert glue.get_crawler(Name="c")["Crawler"]["Targets"]["S3Targets"] == targets["S3Targets"]
        assert glue.get_trigger(Name="t")["Trigger"]["Actions"] == [{"JobName": "j"}]
        assert glue.get_connection(Name="n")["Connection"]["Name"] == "n"
        assert glue.get_session(Id="s")["Session"]["Id"] == "s"
        glue.delete_crawler(Name="c")
        assert glue.list_crawlers()["CrawlerNames"] == []
        assert [database["Name"] for database in glue.get_databases()["DatabaseList"]] == ["a"]


def test_stacks_with_what_they_made_keys_and_logs_survive_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as aws:
        aws.client("cloudformation").create_stack(StackName="s", TemplateBody=json.dumps(TEMPLATE))
        kms = aws.client("kms")
        symmetric = kms.create_key()["KeyMetadata"]["KeyId"]
        signing = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        secret = kms.encrypt(KeyId=symmetric, Plaintext=b"plain")["CiphertextBlob"]
        algorithm = {"KeyId": signing, "Message": b"m", "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256"}
        signature = kms.sign(**algorithm)["Signature"]
        aws.client("ssm").put_parameter(Name="/a", Value="b", Type="SecureString")
        put_events(aws, "first", "second")
    with running(tmp_path) as aws:
        assert aws.client("kms").decrypt(CiphertextBlob=secret)["Plaintext"] == b"plain"
        assert aws.client("kms").verify(**algorithm, Signature=signature)["SignatureValid"] is True
        assert aws.client("ssm").get_parameter(Name="/a", WithDecryption=True)["Parameter"]["Value"] == "b"
        put_events(aws, "third")
        assert messages(aws) == ["first", "second", "third"]
        assert aws.client("sns").list_topics()["Topics"][0]["TopicArn"].endswith(":of-the-stack")
        aws.client("s3").head_bucket(Bucket="of-the-stack")
        aws.client("cloudformation").delete_stack(StackName="s")
        assert aws.client("s3").list_buckets()["Buckets"] == []
    with running(tmp_path) as aws:
        assert aws.client("sns").list_topics()["Topics"] == []
        assert messages(aws) == ["first", "second", "third"]
        aws.client("logs").delete_log_group(logGroupName="g")
        assert list((tmp_path / "state" / "log_events").iterdir()) == []


def put_events(aws: Running, *texts: str) -> None:
    logs = aws.client("logs")
    if not logs.describe_log_groups()["logGroups"]:
        logs.create_log_group(logGroupName="g")
        logs.create_log_stream(logGroupName="g", logStreamName="s")
    newest = max([event["timestamp"] for event in events(aws)], default=int(time.time() * 1000))
    added = [{"timestamp": newest + number, "message": text} for number, text in enumerate(texts, start=1)]
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=added)


def events(aws: Running) -> list[dict[str, Any]]:
    answer = aws.client("logs").get_log_events(logGroupName="g", logStreamName="s", startFromHead=True)
    return list(answer["events"])


def messages(aws: Running) -> list[str]:
    return [event["message"] for event in events(aws)]


def test_the_log_of_a_job_run_survives_a_restart(tmp_path: Path, jobs_of: Any) -> None:
    with running(tmp_path) as aws:
        jobs = jobs_of(aws)
        run = jobs.run(jobs.create("print('written by the job')"))
    with running(tmp_path) as aws:
        answer = aws.client("logs").get_log_events(
            logGroupName=f"{run['LogGroupName']}/output", logStreamName=run["Id"]
        )
        assert [event["message"] for event in answer["events"]] == ["written by the job"]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[MotoState]:
    yield MotoState(tmp_path)
    get_backend("ssm")[DEFAULT_ACCOUNT_ID]["us-east-1"].reset()


def parameters() -> dict[str, Any]:
    """Return a part of SSM's state in which any object may be put."""
    backend = get_backend("ssm")[DEFAULT_ACCOUNT_ID]["us-east-1"]
    entries: dict[str, Any] = vars(backend).setdefault("of_the_test", {})
    return entries


def test_a_state_that_cannot_be_stored_refuses_the_call_that_made_it_so(state: MotoState) -> None:
    with state.changing("ssm"):
        parameters()["good"] = 1
    stuck = (number for number in range(1))
    with pytest.raises(StateNotSavedError) as caught, state.changing("ssm"):
        parameters().update(bad=stuck, good=2)
    text = "The call was undone: the state of ssm could not be stored (TypeError: cannot pickle 'generator' object)"
    assert (str(caught.value), caught.value.retryable) == (text, False)
    assert parameters() == {"good": 1}
    with state.changing("ssm"):
        parameters()["later"] = 3
    parameters().clear()
    state.load()
    assert parameters() == {"good": 1, "later": 3}


def test_a_change_undone_with_another_s_is_refused_too_and_may_be_sent_again(state: MotoState) -> None:
    with state.changing("ssm"):
        parameters()["before"] = 0
    undone = pytest.raises(StateNotSavedError, match="another call at the same time was undone")
    with undone as caught, state.changing("ssm"):
        parameters()["innocent"] = 1
        with pytest.raises(StateNotSavedError, match="cannot pickle 'generator' object"), state.changing("ssm"):
            parameters()["bad"] = (number for number in range(1))
    assert caught.value.retryable
    assert parameters() == {"before": 0}


def test_locks_are_restored_unlocked(state: MotoState) -> None:
    held = threading.RLock()
    with held, state.changing("ssm"):
        parameters().update(lock=held, plain=threading.Lock())
    parameters().clear()
    state.load()
    loaded = parameters()
    assert loaded["plain"].acquire(blocking=False)
    assert loaded["lock"].acquire(blocking=False)


def refused(call: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    retried = answer["ResponseMetadata"]["RetryAttempts"]
    assert retried == 0, "a client must not send it again"
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def test_an_operation_that_is_missing_is_named_with_501_in_each_protocol(aws: Running) -> None:
    """The protocols: JSON, query, REST with JSON, REST with XML, EC2's own and CBOR."""
    missing = {
        "CreateClassifier of glue": lambda: aws.client("glue").create_classifier(
            CsvClassifier={"Name": "c", "Delimiter": ","}
        ),
        "GetContextKeysForCustomPolicy of iam": lambda: aws.client("iam").get_context_keys_for_custom_policy(
            PolicyInputList=["{}"]
        ),
        "DescribeFpgaImages of ec2": lambda: aws.client("ec2").describe_fpga_images(),
        "GetSdkTypes of apigateway": lambda: aws.client("apigateway").get_sdk_types(),
        "ListCodeSigningConfigs of lambda": lambda: aws.client("lambda").list_code_signing_configs(),
        "GetGeoLocation of route53": lambda: aws.client("route53").get_geo_location(),
        "SearchDevices of braket": lambda: aws.client("braket").search_devices(filters=[]),
        "GetMetricStream of monitoring": lambda: aws.client("cloudwatch").get_metric_stream(Name="n"),
    }
    for operation, call in missing.items():
        assert refused(call) == (501, "NotImplemented", f"localaws does not implement {operation}")


def test_a_request_that_moto_fails_at_is_not_sent_again(aws: Running) -> None:
    logs = aws.client("logs")
    status, code, message = refused(lambda: logs.start_query(startTime=1, endTime=2, queryString="fields @message"))
    assert (status, code) == (501, "NotImplemented")
    assert message.startswith("localaws does not implement this request: StartQuery of logs failed: TypeError: ")


def test_a_failure_of_localaws_itself_may_be_retried() -> None:
    try:
        raise KeyError("one")
    except KeyError as error:
        status, explanation = explained(error, "glue", "GetTable")
    assert (status, explanation) == (500, ("InternalFailure", "GetTable of glue failed: KeyError: 'one'"))
