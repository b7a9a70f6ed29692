"""Sends results and events to queues, topics, functions, buses and buckets."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

# boto3 does not retry: the callers do.
_CONFIG = Config(retries={"max_attempts": 0}, connect_timeout=5, max_pool_connections=32)


class Delivery:
    """boto3 clients of this server: what they send is processed and stored like a user's request."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._client = cache(self._new_client)

    def client(self, service: str, region: str) -> Any:
        """Return the boto3 client for a service and region of this server, created once."""
        return self._client(service, region)

    def send(
        self,
        arn: str,
        body: str,
        attributes: dict[str, dict[str, str]] | None = None,
        options: dict[str, str] | None = None,
    ) -> None:
        """Send a message to the queue or topic with an ARN, with ``options`` such as MessageGroupId.

        Raises botocore's errors.
        """
        service, region, account, name = _parts(arn)
        client, given = self.client(service, region), {"MessageAttributes": attributes or {}, **(options or {})}
        if service == "sqs":
            client.send_message(QueueUrl=self.queue_url(account, name), MessageBody=body, **given)
        else:
            client.publish(TopicArn=arn, Message=body, **given)

    def send_batch(
        self, arn: str, messages: Sequence[tuple[str, dict[str, dict[str, str]] | None, dict[str, str]]]
    ) -> set[int]:
        """Send bodies with their attributes and options to the queue with an ARN; return the indexes of the accepted
        ones.

        Raises botocore's errors.
        """
        _, region, account, name = _parts(arn)
        entries = [
            {"Id": str(at), "MessageBody": body, "MessageAttributes": attributes or {}, **options}
            for at, (body, attributes, options) in enumerate(messages)
        ]
        client = self.client("sqs", region)
        answer = client.send_message_batch(QueueUrl=self.queue_url(account, name), Entries=entries)
        return {int(done["Id"]) for done in answer.get("Successful", [])}

    def queue_url(self, account: str, name: str) -> str:
        """Return the URL of a queue."""
        return f"{self.endpoint}/{account}/{name}"

    def put_event(self, arn: str, source: str, detail_type: str, detail: str, resources: list[str]) -> None:
        """Put an event on the bus with an ARN."""
        _, region, _, name = _parts(arn)
        bus = name.removeprefix("event-bus/")
        entry = {
            "Source": source, "DetailType": detail_type, "Detail": detail,
            "Resources": [arn, *resources], "EventBusName": bus,
        }  # fmt: skip
        self.client("events", region).put_events(Entries=[entry])

    def put_object(self, arn: str, region: str, key: str, document: Any) -> None:
        """Write a JSON document to the bucket with an ARN."""
        data = json.dumps(document).encode()
        bucket = arn.rpartition(":")[2].partition("/")[0]
        self.client("s3", region).put_object(Bucket=bucket, Key=key, Body=data, ContentType="application/json")

    def _new_client(self, service: str, region: str) -> Any:
        session = boto3.session.Session("localaws", "localaws", region_name=region)
        make: Callable[..., Any] = session.client
        return make(service, endpoint_url=self.endpoint, config=_CONFIG)


def _parts(arn: str) -> tuple[str, str, str, str]:
    _, _, service, region, account, name = arn.split(":", 5)
    return service, region, account, name
