"""Runs deliveries in child processes that are killed: each input line is a client and the effect at which to die.

It forks for each line. The child does everything that a delivery needs, and kills itself with SIGKILL just before the
effect with that number (-1: never), or the first effect with that name. The answer is the child's exit status, negative
if a signal ended it.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
from contextlib import AbstractContextManager, redirect_stdout
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from crashes import crash_at, crash_on, each_effect
from harvest_world import BUCKET, DAY, World
from test_handlers import queued, s3_event

from dataharvest.arrival_batch import run_arrivals
from dataharvest.dispatch_batch import run_dispatch
from dataharvest.functions import Functions
from dataharvest.metastore import _typed
from dataharvest.model.choreography import choreography
from dataharvest.model.delivery import DeliveredObject, Delivery
from dataharvest.settings import settings_from

DONE: dict[str, Any] = {"batchItemFailures": []}
LOGGER = Logger(service="dying", stream=sys.stderr)
SERVICES: Any = ("dynamodb", "kms", "s3", "secretsmanager", "sqs")


def work(client: str) -> None:
    """Deliver every event of a client, then every change of its flags, until nothing changes."""
    with redirect_stdout(sys.stderr):  # metrics: what is printed says how a child ended
        _work(client)


def _work(client: str) -> None:
    functions = Functions(settings_from(os.environ), choreography())
    listed = boto3.client("s3").list_object_versions(Bucket=BUCKET, Prefix=f"in/{client}/")["Versions"]
    delivered = [
        DeliveredObject(BUCKET, version["Key"], version["ETag"].strip('"'), "01", version["Size"], version["VersionId"])
        for version in listed
    ]
    # Two batches of two files, each of which sets its flags in one write.
    for batch in (delivered[:2], delivered[2:]):
        event = {"Records": queued(*map(s3_event, batch))}
        assert run_arrivals(event, LOGGER, functions.persistence) == DONE
    while "messages_sent" not in (item := functions.metastore.item(client, DAY) or {}):
        record: dict[str, Any] = {"dynamodb": {"NewImage": _typed(item), "SequenceNumber": "1"}}
        assert run_dispatch({"Records": [record]}, LOGGER, functions.dispatcher) == DONE
        for request in functions.dispatcher.requests(record):
            World.run(functions, request.name, Delivery(client, DAY, item["version"]))
    functions.sender.send(client, DAY)


def dying(effect: str) -> AbstractContextManager[None]:
    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    return crash_at(int(effect), die) if effect.lstrip("-").isdigit() else crash_on(effect, die)


def main() -> None:
    # A client takes 50 ms to make, and has no connection before its first call: children share those of the parent.
    boto3.client = functools.cache(boto3.client)
    for service in SERVICES:
        boto3.client(service)
    for line in sys.stdin:
        client, effect = line.rstrip().split(maxsplit=1)
        child = os.fork()
        if not child:
            with dying(effect):
                work(client)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def count_effects(client: str) -> int:
    """Return the number of effects in the work on a client's delivery."""
    names: list[str] = []
    with each_effect(names.append):
        work(client)
    return len(names)


if __name__ == "__main__":
    if sys.argv[1:]:
        print(count_effects(sys.argv[1]))
    else:
        main()
