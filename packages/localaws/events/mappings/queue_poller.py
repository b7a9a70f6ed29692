"""Queues as sources of mappings: receive a batch, invoke the function, delete the messages that it processed."""

from __future__ import annotations

import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from localaws.events.mappings.batch import SourceRecord, failed_identifiers, passes, payload_of
from localaws.events.mappings.rules import patterns_of
from localaws.events.misdelivery import BatchMisdelivery
from localaws.functions.errors import LambdaError
from localaws.functions.names import split
from localaws.functions.runner import Runner
from localaws.lasting_problems import LastingProblems
from localaws.sqs import QueueConsumer

_log = logging.getLogger(__name__)
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html: AWS begins with five concurrent batches.
AT_ONCE = 5
_MOST_AT_A_TIME = 10
_WAIT = 1
_PAUSE = 1.0


class QueuePoller:
    """Polls one queue for one mapping."""

    def __init__(
        self,
        runner: Runner,
        queues: QueueConsumer,
        mapping: dict[str, Any],
        misdelivery: BatchMisdelivery,
    ) -> None:
        self._runner = runner
        self._mapping = mapping
        self._misdelivery = misdelivery
        self._patterns = patterns_of(mapping)
        self._queues = queues
        self._arn = mapping["EventSourceArn"]
        at_once = (mapping.get("ScalingConfig") or {}).get("MaximumConcurrency") or AT_ONCE
        self._slots = threading.Semaphore(at_once)
        self._workers = ThreadPoolExecutor(at_once, f"mapping {mapping['UUID']}")
        self._problems = LastingProblems(_log)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"mapping {mapping['UUID']}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Start no new batch."""
        self._stop.set()

    def join(self) -> None:
        """Wait for the running batches."""
        self._thread.join()
        self._workers.shutdown()

    def _run(self) -> None:
        subject = f"receiving messages for mapping {self._mapping['UUID']}"
        while not self._stop.is_set():
            if not self._slots.acquire(timeout=_PAUSE):
                continue
            try:
                batch = self._receive()
                self._problems.succeeded(subject)
            except Exception as error:  # noqa: BLE001 - the queue may come back
                batch = []
                if not self._stop.is_set():
                    self._problems.failed(subject, error)
                self._stop.wait(_PAUSE)
            if batch:
                self._workers.submit(self._process, batch)
            else:
                self._slots.release()

    def _receive(self) -> list[dict[str, Any]]:
        """Receive messages until the batch is full or its window ends. Messages excluded by the filters are deleted."""
        batch: list[dict[str, Any]] = []
        deadline = None
        size, window = self._mapping["BatchSize"], self._mapping["MaximumBatchingWindowInSeconds"]
        while not self._stop.is_set():
            count, wait = min(_MOST_AT_A_TIME, size - len(batch)), _WAIT if not batch or window else 0
            received = self._queues.receive(self._arn, count, wait)
            for message in received:
                if passes(self._patterns, _subject(message)):
                    batch.append(message)
                else:
                    self._delete([message])
            if received and deadline is None:
                deadline = time.monotonic() + window
            if len(batch) >= size or deadline is None or time.monotonic() >= deadline:
                return batch
        return batch

    def _process(self, batch: list[dict[str, Any]]) -> None:
        try:
            self._stop.wait(self._misdelivery.pause())
            taken = self._invoke(self._misdelivery.shuffled(batch, _group))
            again = self._redelivered(taken)
            # Failed messages become visible again when their visibility timeout ends.
            self._delete([message for message in taken if message not in again])
            if again:
                self._delete(self._invoke(again))
        except LambdaError as error:
            _log.warning("mapping %s: %s", self._mapping["UUID"], error.message)
            self._queues.give_back(self._arn, [message["ReceiptHandle"] for message in batch])
            self._stop.wait(_PAUSE)
        except Exception as error:  # noqa: BLE001 - the batch comes again
            if not self._stop.is_set():
                _log.error("mapping %s", self._mapping["UUID"], exc_info=error)
        finally:
            self._slots.release()

    def _invoke(self, batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Invoke the function with messages and return those that it processed."""
        records = [SourceRecord(message["MessageId"], self._document(message)) for message in batch]
        result = self._runner.invoke(split(self._mapping["FunctionArn"]), payload_of(records))
        failed = failed_identifiers(result, records, reports=bool(self._mapping["FunctionResponseTypes"]))
        return [message for message in batch if message["MessageId"] not in failed]

    def _redelivered(self, taken: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the messages to deliver again: of each group all messages, in their order, or none."""
        again = {group: self._misdelivery.is_redelivered() for group in dict.fromkeys(map(_group, taken))}
        return [message for message in taken if again[_group(message)]]

    def _delete(self, messages: list[dict[str, Any]]) -> None:
        self._queues.delete(self._arn, [message["ReceiptHandle"] for message in messages])

    def _document(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return a message as functions receive it: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html."""
        attributes = message.get("MessageAttributes") or {}
        document = {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message.get("Attributes") or {},
            "messageAttributes": {name: _attribute(value) for name, value in attributes.items()},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self._arn,
            "awsRegion": self._arn.split(":")[3],
        }
        if attributes or self._mapping["MaximumBatchingWindowInSeconds"]:  # null, as in AWS's recordings
            document["md5OfMessageAttributes"] = message.get("MD5OfMessageAttributes")
        return document


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    shown = {"stringValue": value.get("StringValue"), "binaryValue": value.get("BinaryValue")}
    return {
        **{name: item for name, item in shown.items() if item is not None},
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value["DataType"],
    }


def _group(message: dict[str, Any]) -> str:
    """Return the group in which messages keep their order: the message group, or else the message ID."""
    return str((message.get("Attributes") or {}).get("MessageGroupId", message["MessageId"]))


def _subject(message: dict[str, Any]) -> dict[str, Any]:
    """Return the message as filters see it: with its body parsed if it is a JSON object."""
    body: Any = message["Body"]
    with suppress(ValueError):
        parsed = json.loads(body)
        body = parsed if isinstance(parsed, dict) else body
    return {"body": body, "messageId": message["MessageId"], "attributes": message.get("Attributes") or {}}
