"""The only reader of the metastore's stream: it sends a request to each stage that a change makes ready."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dataharvest.metastore import VERSION, plain
from dataharvest.model.choreography import Choreography
from dataharvest.model.delivery import Delivery
from dataharvest.stage_queues import Request, StageQueues


@dataclass(frozen=True)
class Dispatcher:
    """Sends a message to the queue of each stage that becomes ready."""

    queues: StageQueues
    choreography: Choreography

    def dispatch(self, record: Mapping[str, Any]) -> tuple[str, ...]:
        """Send requests to the stages that a stream record (new and old image) made ready; return the stages' names.

        Raises botocore's errors; the record must then be delivered again.
        """
        requests = self.requests(record)
        for request in requests:
            self.queues.ask(request.name, request.body, request.external_client)
        return tuple(request.name for request in requests)

    def requests(self, record: Mapping[str, Any]) -> tuple[Request, ...]:
        """Return the requests to the stages that a record made ready."""
        change = record["dynamodb"]
        if "NewImage" not in change:
            return ()
        new = plain(change["NewImage"])
        old = plain(change["OldImage"]) if "OldImage" in change else None
        delivery = Delivery(str(new["partition_key"]), str(new["sort_key"]), new[VERSION])
        stages = (*self.choreography.stages, *self.choreography.announcer)
        ready = [stage.name for stage in stages if stage.starts(old, new)]
        return tuple(Request(name, delivery.to_json(), delivery.external_client) for name in ready)
