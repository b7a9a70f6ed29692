"""Settings of asynchronous invocations: retries, maximum age of events, destinations."""

from __future__ import annotations

import re
import time
from typing import Any

from localaws.functions.atomic import atomic
from localaws.functions.errors import invalid, not_found
from localaws.functions.function_calls import ref_of
from localaws.functions.names import LATEST, Reference, split
from localaws.functions.paging import page
from localaws.functions.records import Records
from localaws.functions.wire import Call

EVENT_CONFIG = "event config"
_DESTINATION = re.compile(r"arn:aws:(sqs|sns|lambda|events):[a-z0-9-]*:\d*:.+|arn:aws:s3:::.+")


class EventConfigCalls:
    """Operations on event invoke configurations."""

    def __init__(self, records: Records) -> None:
        self._records = records

    @atomic
    def put_function_event_invoke_config(self, call: Call) -> dict[str, Any]:
        """PutFunctionEventInvokeConfig."""
        return self._put_event_config(call, {})

    @atomic
    def update_function_event_invoke_config(self, call: Call) -> dict[str, Any]:
        """UpdateFunctionEventInvokeConfig."""
        if not self._records.exists(ref_of(call).arn):
            raise not_found("The function doesn't exist.")
        return self._put_event_config(call, self.get_function_event_invoke_config(call))

    def get_function_event_invoke_config(self, call: Call) -> dict[str, Any]:
        """GetFunctionEventInvokeConfig."""
        ref = ref_of(call)
        settings = self._records.documents.get(EVENT_CONFIG, ref.arn, ref.qualifier or LATEST)
        if settings is None:
            raise not_found(f"The function {ref.arn}:{ref.qualifier or LATEST} doesn't have an EventInvokeConfig")
        return settings

    @atomic
    def delete_function_event_invoke_config(self, call: Call) -> dict[str, Any]:
        """DeleteFunctionEventInvokeConfig."""
        self.get_function_event_invoke_config(call)
        ref = ref_of(call)
        self._records.documents.delete(EVENT_CONFIG, ref.arn, ref.qualifier or LATEST)
        return {}

    def list_function_event_invoke_configs(self, call: Call) -> dict[str, Any]:
        """ListFunctionEventInvokeConfigs."""
        ref = ref_of(call)
        if not self._records.exists(ref.arn):
            raise not_found("The function doesn't exist.")
        settings = self._records.documents.named(EVENT_CONFIG, ref.arn)
        return page(call, "FunctionEventInvokeConfigs", list(settings.values()))

    def _put_event_config(self, call: Call, base: dict[str, Any]) -> dict[str, Any]:
        ref = ref_of(call)
        names = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
        given = {name: call[name] for name in names if call.get(name) is not None}
        if not given:
            raise invalid("You must specify at least one of error handling or destination setting.")
        if not self._records.has(ref):
            raise not_found("The function doesn't exist.")
        self._check_destinations(ref, given.get("DestinationConfig") or {})
        destinations = given.get("DestinationConfig") or base.get("DestinationConfig") or {}
        body = {
            **base,
            **given,
            "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}, **destinations},
            "FunctionArn": f"{ref.arn}:{ref.qualifier or LATEST}",
            "LastModified": time.time(),
        }
        self._records.documents.put(EVENT_CONFIG, ref.arn, ref.qualifier or LATEST, body)
        return body

    def _check_destinations(self, ref: Reference, given: dict[str, Any]) -> None:
        arns = {name: (given.get(name) or {}).get("Destination") for name in ("OnSuccess", "OnFailure")}
        for arn in arns.values():
            if not arn:
                continue
            if not _DESTINATION.fullmatch(arn):
                sides = (
                    f"On{s}(destination={arns[f'On{s}']})" if arns[f"On{s}"] else "null" for s in ("Success", "Failure")
                )
                shown = "DestinationConfig(onSuccess={}, onFailure={})".format(*sides)
                raise invalid(f"The provided destination config {shown} is invalid.")
            if arn.split(":")[2] == "lambda":
                target = split(arn)
                if target.arn == ref.arn:
                    raise invalid("You can't specify the function as a destination for itself.")
                if not self._records.exists(target.arn):
                    raise invalid(f"The destination ARN {arn} is invalid.")
