"""Settings of functions besides their code: concurrency, asynchronous invocation, tags."""

from __future__ import annotations

import re
import time
from typing import Any

from localaws.functions.errors import invalid, not_found
from localaws.functions.function_calls import ref_of
from localaws.functions.names import LATEST, Reference, split
from localaws.functions.paging import page
from localaws.functions.records import FUNCTION, Records
from localaws.functions.wire import Call

EVENT_CONFIG = "event config"
LEAST_UNRESERVED = 100
_DESTINATION = re.compile(r"arn:aws:(sqs|sns|lambda|events):[a-z0-9-]*:\d*:.+|arn:aws:s3:::.+")
_MAX_TAGS = 50


class SettingCalls:
    """Operations on settings; ``limit`` is the account's concurrency."""

    def __init__(self, records: Records, limit: int) -> None:
        self._records = records
        self._limit = limit

    def get_account_settings(self, call: Call) -> dict[str, Any]:
        """GetAccountSettings."""
        functions = list(self._records.functions(call.region))
        limits = {
            "TotalCodeSize": 80530636800,
            "CodeSizeUnzipped": 262144000,
            "CodeSizeZipped": 52428800,
            "ConcurrentExecutions": self._limit,
            "UnreservedConcurrentExecutions": self._limit - self._records.all_reserved(),
        }
        used = sum(version.configuration["CodeSize"] for arn in functions for version in self._records.versions(arn))
        return {"AccountLimit": limits, "AccountUsage": {"TotalCodeSize": used, "FunctionCount": len(functions)}}

    def put_function_concurrency(self, call: Call) -> dict[str, Any]:
        """PutFunctionConcurrency."""
        ref, number = self._unqualified(call), call["ReservedConcurrentExecutions"]
        if number and self._limit - self._records.all_reserved(ref.arn) - number < LEAST_UNRESERVED:
            text = "Specified ReservedConcurrentExecutions for function decreases account's"
            raise invalid(f"{text} UnreservedConcurrentExecution below its minimum value of [{LEAST_UNRESERVED}].")
        self._records.put_function(ref, reserved=number)
        return {"ReservedConcurrentExecutions": number}

    def get_function_concurrency(self, call: Call) -> dict[str, Any]:
        """GetFunctionConcurrency."""
        return {"ReservedConcurrentExecutions": self._records.reserved(self._unqualified(call).arn)}

    def delete_function_concurrency(self, call: Call) -> dict[str, Any]:
        """DeleteFunctionConcurrency."""
        self._records.put_function(self._unqualified(call), reserved=None)
        return {}

    def put_function_event_invoke_config(self, call: Call) -> dict[str, Any]:
        """PutFunctionEventInvokeConfig."""
        return self._put_event_config(call, {})

    def update_function_event_invoke_config(self, call: Call) -> dict[str, Any]:
        """UpdateFunctionEventInvokeConfig."""
        return self._put_event_config(call, self.get_function_event_invoke_config(call))

    def get_function_event_invoke_config(self, call: Call) -> dict[str, Any]:
        """GetFunctionEventInvokeConfig."""
        ref = ref_of(call)
        found = self._records.documents.get(EVENT_CONFIG, ref.arn, ref.qualifier or LATEST)
        if found is None:
            raise not_found(f"The function {ref.arn}:{ref.qualifier or LATEST} doesn't have an EventInvokeConfig")
        return found

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
        found = self._records.documents.named(EVENT_CONFIG, ref.arn)
        return page(call, "FunctionEventInvokeConfigs", list(found.values()))

    def list_tags(self, call: Call) -> dict[str, Any]:
        """ListTags."""
        return {"Tags": self._tags(call["Resource"])}

    def tag_resource(self, call: Call) -> dict[str, Any]:
        """TagResource."""
        tags = {**self._tags(call["Resource"]), **call["Tags"]}
        if len(tags) > _MAX_TAGS:
            raise invalid("Number of tags exceeds resource tag limit.")
        self._put_tags(call["Resource"], tags)
        return {}

    def untag_resource(self, call: Call) -> dict[str, Any]:
        """UntagResource."""
        tags = self._tags(call["Resource"])
        self._put_tags(call["Resource"], {name: tags[name] for name in tags if name not in call["TagKeys"]})
        return {}

    def _unqualified(self, call: Call) -> Reference:
        ref = ref_of(call)
        if ref.qualifier:
            text = "This operation is permitted on Lambda functions only. Aliases and versions do not support this"
            raise invalid(f"{text} operation. Please specify either a function name or an unqualified function ARN.")
        self._records.function(ref)
        return ref

    def _put_event_config(self, call: Call, base: dict[str, Any]) -> dict[str, Any]:
        ref = ref_of(call)
        names = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
        given = {name: call[name] for name in names if call.get(name) is not None}
        if not self._records.exists(ref.arn):
            raise not_found("The function doesn't exist.")
        if not given:
            raise invalid("You must specify at least one of error handling or destination setting.")
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

    def _owner(self, arn: str) -> tuple[str, str]:
        """Kind and owner of the document that has the tags of a resource."""
        if ":event-source-mapping:" in arn:
            return "mapping", arn.rpartition(":")[2]
        ref = split(arn)
        if ref.qualifier:
            text = "Tags on function aliases and versions are not supported. Please specify a function ARN."
            raise invalid(text)
        return FUNCTION, ref.arn

    def _tags(self, arn: str) -> dict[str, str]:
        found = self._records.documents.get(*self._owner(arn))
        if found is None:
            what = "Event source mapping" if ":event-source-mapping:" in arn else "Function"
            raise not_found(f"{what} not found: {arn}")
        return dict(found.get("tags") or {})

    def _put_tags(self, arn: str, tags: dict[str, str]) -> None:
        kind, owner = self._owner(arn)
        with self._records.documents.transaction():
            self._records.documents.put(
                kind, owner, "", {**(self._records.documents.get(kind, owner) or {}), "tags": tags}
            )
