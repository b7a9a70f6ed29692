"""SNS: filter policies that AWS refuses, and messages with a valid signature.

Texts and fields of AWS's recordings (tests/aws/services/sns/test_sns_filter_policy.snapshot.json).
"""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from waiting import eventually

from localaws.events.topic_signing import TopicSigning
from localaws.running import Running

ACCOUNT = "123456789012"
FIRST = "Invalid parameter: Attributes Reason: FilterPolicy: "
LATER = "Invalid parameter: FilterPolicy: "


@pytest.fixture(scope="module")
def sns(aws: Running) -> Any:
    return aws.client("sns")


@pytest.fixture
def topic(sns: Any) -> str:
    return str(sns.create_topic(Name=f"t-{uuid.uuid4().hex[:8]}")["TopicArn"])


def subscribe(sns: Any, topic: str, **attributes: str) -> str:
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{topic.rpartition(':')[2]}"
    given = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": queue, "Attributes": attributes}
    return str(sns.subscribe(**given)["SubscriptionArn"])


def refusal(call: Any) -> str:
    with pytest.raises(ClientError) as error:
        call()
    assert error.value.response["Error"]["Code"] == "InvalidParameter"
    assert "message" not in error.value.response["Error"]
    return str(error.value.response["Error"]["Message"])


@pytest.mark.parametrize(
    ("policy", "reason", "column"),
    [
        ('{"key":[{"suffix":"a","prefix":"b"}]}', "Only one key allowed in match expression", 33),
        ('{"key":[{"numeric":["operator"]}]}', "Unrecognized numeric range operator: operator", 32),
        ('{"key":[{"numeric":["=","000"]}]}', "Value of equals must be numeric", 26),
        ('{"key":[{"numeric":[">",3,"<",1]}]}', "Bottom must be less than top", 33),
        ('{"key":[{"numeric":[">",20,30]}]}', "Bad value in numeric range: 30", 30),
        ('{"key":[{"numeric":[">",20,"<",30,"<",50]}]}', "Too many terms in numeric range expression", 36),
        ('{"key":[{"anything-but":{"suffix":"test"}}]}', "Unsupported anything-but pattern: suffix", 36),
    ],
)
def test_an_invalid_policy_is_refused_and_nothing_subscribed(
    sns: Any, topic: str, policy: str, reason: str, column: int
) -> None:
    place = f'\n at [Source: (String)"{policy}"; line: 1, column: {column}]'
    assert refusal(lambda: subscribe(sns, topic, FilterPolicy=policy)) == f"{FIRST}{reason}{place}"
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    arn = subscribe(sns, topic, FilterPolicy='{"key":["a"]}')
    change = {"SubscriptionArn": arn, "AttributeName": "FilterPolicy", "AttributeValue": policy}
    assert refusal(lambda: sns.set_subscription_attributes(**change)) == f"{LATER}{reason}{place}"
    change["AttributeValue"] = json.dumps(json.loads(policy))  # with spaces, which AWS leaves out in its reason
    assert refusal(lambda: sns.set_subscription_attributes(**change)) == f"{LATER}{reason}{place}"
    assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["FilterPolicy"] == '{"key":["a"]}'


def test_limits_of_a_filter_policy(sns: Any, topic: str) -> None:
    nested = json.dumps({"a": {"b": ["c"]}})
    text = "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy"
    assert refusal(lambda: subscribe(sns, topic, FilterPolicy=nested)) == text
    many = json.dumps({f"k{number}": ["v"] for number in range(6)})
    assert (
        refusal(lambda: subscribe(sns, topic, FilterPolicy=many))
        == f"{FIRST}Filter policy can not have more than 5 keys"
    )
    large = json.dumps({"a": {"b": {"c": [*range(4)]}}, "d": {"e": [*range(7)]}})  # 4 x 3 x 7 x 2 = 168
    given = {"FilterPolicyScope": "MessageBody", "FilterPolicy": large}
    assert refusal(lambda: subscribe(sns, topic, **given)) == f"{FIRST}Filter policy is too complex"
    given = {"FilterPolicyScope": "MessageHead", "FilterPolicy": nested}
    text = "FilterPolicyScope: Invalid value [MessageHead]. Please use either MessageBody or MessageAttributes"
    assert refusal(lambda: subscribe(sns, topic, **given)) == f"Invalid parameter: Attributes Reason: {text}"


def test_messages_that_policies_of_a_body_take(aws: Running, sns: Any, topic: str) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=topic.rpartition(":")[2])["QueueUrl"]
    policy = json.dumps({"$or": [{"ip": [{"cidr": "10.0.0.0/24"}]}, {"kind": [{"suffix": "-test"}]}]})
    arn = subscribe(sns, topic, FilterPolicyScope="MessageBody", FilterPolicy=policy)
    principal = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["SubscriptionPrincipal"]
    assert principal == f"arn:aws:iam::{ACCOUNT}:user/moto"
    certificates = set()
    for version in ("1", "2"):  # AWS's default is 1
        for body in ({"ip": "10.0.1.1"}, {"ip": "10.0.0.7"}, {"kind": "a-test"}):
            sns.publish(TopicArn=topic, Subject="s", Message=json.dumps(body))
        for expected in ({"ip": "10.0.0.7"}, {"kind": "a-test"}):
            (received,) = eventually(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=received["ReceiptHandle"])
            document = json.loads(received["Body"])
            assert (json.loads(document["Message"]), document["SignatureVersion"]) == (expected, version)
            certificates.add(document["SigningCertURL"])
            assert document["UnsubscribeURL"].endswith(f"?Action=Unsubscribe&SubscriptionArn={arn}")
        sns.set_topic_attributes(TopicArn=topic, AttributeName="SignatureVersion", AttributeValue="2")
    (address,) = certificates
    with urllib.request.urlopen(address) as served:
        certificate = x509.load_pem_x509_certificate(served.read())
    assert certificate.subject.rfc4514_string() == "CN=sns.amazonaws.com"
    verify(certificate.public_key(), document, hashes.SHA256())
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(address.replace(".pem", "0.pem"))


def verify(key: Any, document: dict[str, Any], algorithm: Any) -> None:
    """Raise InvalidSignature unless a notification was signed with the key."""
    names = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
    signed = "".join(f"{name}\n{document[name]}\n" for name in names if name in document).encode()
    key.verify(base64.b64decode(document["Signature"]), signed, padding.PKCS1v15(), algorithm)


@pytest.mark.parametrize(("version", "algorithm"), [("1", hashes.SHA1()), ("2", hashes.SHA256())])
@pytest.mark.parametrize("subject", [{}, {"Subject": "s"}])
def test_a_signature_holds_after_a_restart(
    tmp_path: Path, version: str, algorithm: Any, subject: dict[str, str]
) -> None:
    document = {"Message": "m", "MessageId": "i", "Timestamp": "t", "TopicArn": "a", **subject, "Type": "Notification"}
    document["Signature"] = TopicSigning(tmp_path).signature(document, version)
    again = TopicSigning(tmp_path)
    verify(x509.load_pem_x509_certificate(again.certificate).public_key(), document, algorithm)
