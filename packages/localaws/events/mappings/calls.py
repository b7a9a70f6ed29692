"""Operations on event source mappings."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from localaws.events.mappings.rules import KINDS, changed_settings, kind_of, settings_of
from localaws.functions.documents import Documents
from localaws.functions.errors import LambdaError, invalid, not_found
from localaws.functions.names import Reference, reference
from localaws.functions.paging import page
from localaws.functions.records import ALIAS, Records
from localaws.functions.wire import Call

MAPPING, POSITION = "mapping", "position"


class Source(Protocol):
    """A kind of stream, with the operations that a new mapping needs."""

    def shards(self, arn: str) -> list[str]:
        """Return the names of the shards of a stream. Raises LambdaError if the stream does not exist."""

    def start(self, arn: str, shard: str, position: str, timestamp: float) -> int:
        """Return the number of the last record before the starting position."""


class MappingCalls:
    """Lambda's operations on mappings. ``changed`` is called with the ID of each new, changed or deleted mapping."""

    def __init__(
        self,
        records: Records,
        sources: Mapping[str, Source],
        queue_exists: Callable[[str], bool],
        changed: Callable[[str], None],
    ) -> None:
        self._records = records
        self._documents = records.documents
        self._sources = sources
        self._queue_exists = queue_exists
        self._changed = changed

    def create_event_source_mapping(self, call: Call) -> dict[str, Any]:
        """CreateEventSourceMapping."""
        arn = call.get("EventSourceArn") or ""
        kind = kind_of(arn)
        settings = settings_of(call.parameters, arn)
        ref = self._function(call)
        starts = self._starts(arn, settings) if KINDS[kind].is_stream else {}
        if kind == "sqs" and not self._queue_exists(arn):
            text = "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue."
            raise invalid(f"{text} SQS Error Message: The specified queue does not exist.")
        self._refuse_another(arn, ref)
        uid, state = str(uuid.uuid4()), "Enabled" if call.get("Enabled", True) else "Disabled"
        body = {
            "UUID": uid,
            "EventSourceArn": arn,
            "EventSourceMappingArn": f"arn:aws:lambda:{ref.region}:{ref.account}:event-source-mapping:{uid}",
            "FunctionArn": ref.qualified,
            "LastModified": time.time(),
            "State": state,
            "StateTransitionReason": "User action" if KINDS[kind].is_stream else "USER_INITIATED",
            "tags": call.get("Tags") or {},
            **settings,
        }
        if KINDS[kind].is_stream:  # queues have no such field
            body["LastProcessingResult"] = "No records processed"
        with self._documents.transaction():
            for shard, after in starts.items():
                self._documents.put(POSITION, uid, shard, {"after": after})
            self._documents.put(MAPPING, uid, "", body)
        self._changed(uid)
        return {**body, "State": "Creating" if state == "Enabled" else state}

    def get_event_source_mapping(self, call: Call) -> dict[str, Any]:
        """GetEventSourceMapping."""
        mapping = self._documents.get(MAPPING, call["UUID"])
        if mapping is None:
            raise not_found("The resource you requested does not exist.")
        return mapping

    def list_event_source_mappings(self, call: Call) -> dict[str, Any]:
        """ListEventSourceMappings."""
        mappings = list(self._documents.of_kind(MAPPING).values())
        mappings = [body for body in mappings if body["FunctionArn"].split(":")[3] == call.region]
        if arn := call.get("EventSourceArn"):
            mappings = [body for body in mappings if body["EventSourceArn"] == arn]
        if call.get("FunctionName"):
            ref = reference(call["FunctionName"], None, call.region, call.account)
            mappings = [body for body in mappings if body["FunctionArn"] == ref.qualified]
        return page(call, "EventSourceMappings", mappings)

    def update_event_source_mapping(self, call: Call) -> dict[str, Any]:
        """UpdateEventSourceMapping."""
        body = self.get_event_source_mapping(call)
        new = changed_settings(body, call.parameters, body["EventSourceArn"])
        if call.get("FunctionName"):
            new["FunctionArn"] = self._function(call).qualified
        if call.get("Enabled") is not None:
            new["State"] = "Enabled" if call["Enabled"] else "Disabled"
        new["LastModified"] = time.time()
        self._documents.put(MAPPING, call["UUID"], "", new)
        self._changed(call["UUID"])
        passing = {"Enabled": "Enabling", "Disabled": "Disabling"}
        return {**new, "State": passing[new["State"]] if new["State"] != body["State"] else "Updating"}

    def delete_event_source_mapping(self, call: Call) -> dict[str, Any]:
        """DeleteEventSourceMapping."""
        body = self.get_event_source_mapping(call)
        self._documents.delete_all(call["UUID"])
        self._changed(call["UUID"])
        return {**body, "State": "Deleting"}

    def _refuse_another(self, arn: str, ref: Reference) -> None:
        """Raise ResourceConflictException if this source is already mapped to this function."""
        for (uid, _), other in self._documents.of_kind(MAPPING).items():
            if (other["EventSourceArn"], other["FunctionArn"]) != (arn, ref.qualified):
                continue
            both = f'(" {arn} ") and function (" {ref.name} ")'
            text = f"The event source arn {both} provided mapping"
            if kind_of(arn) == "sqs":
                text = f"An event source mapping with SQS arn {both}"
            advice = f"Please update or delete the existing mapping with UUID {uid}"
            raise LambdaError("ResourceConflictException", f"{text} already exists. {advice}")

    def _function(self, call: Call) -> Reference:
        ref = reference(call["FunctionName"], None, call.region, call.account)
        if not self._records.exists(ref.arn):
            raise invalid("Function does not exist")
        if ref.qualifier and not self._documents.get(ALIAS, ref.arn, ref.qualifier):
            self._records.version(ref)
        return ref

    def _starts(self, arn: str, settings: dict[str, Any]) -> dict[str, int]:
        """Return the starting position of each shard."""
        position = settings.get("StartingPosition")
        if not position:
            constraint = "failed to satisfy constraint: Member must not be null."
            raise invalid(f"1 validation error detected: Value null at 'startingPosition' {constraint}")
        if position == "AT_TIMESTAMP" and kind_of(arn) == "dynamodb":
            raise invalid(f"Unsupported starting position for arn type: {arn}")
        timestamp = settings.get("StartingPositionTimestamp")
        if position == "AT_TIMESTAMP" and timestamp is None:
            raise invalid("StartingPositionTimestamp is mandatory for AT_TIMESTAMP.")
        source, timestamp = self._sources[kind_of(arn)], float(timestamp or 0)
        return {shard: source.start(arn, shard, position, timestamp) for shard in source.shards(arn)}


def note_result(documents: Documents, mapping: dict[str, Any], text: str) -> None:
    """Set the result of a mapping's last batch, also in its stored document unless that was deleted."""
    if mapping.get("LastProcessingResult") == text:
        return
    mapping["LastProcessingResult"] = text
    with documents.transaction():
        if current := documents.get(MAPPING, mapping["UUID"]):
            documents.put(MAPPING, mapping["UUID"], "", {**current, "LastProcessingResult": text})
