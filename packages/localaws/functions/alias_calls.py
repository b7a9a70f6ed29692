"""Operations on aliases."""

from __future__ import annotations

import re
from typing import Any

from localaws.functions.atomic import atomic
from localaws.functions.errors import LambdaError, invalid, not_found
from localaws.functions.function_calls import ref_of
from localaws.functions.names import LATEST, Reference
from localaws.functions.paging import page
from localaws.functions.records import ALIAS, Records, check_revision, new_revision
from localaws.functions.wire import Call


class AliasCalls:
    """CreateAlias, GetAlias, ListAliases, UpdateAlias, DeleteAlias."""

    def __init__(self, records: Records) -> None:
        self._records = records

    @atomic
    def create_alias(self, call: Call) -> dict[str, Any]:
        """CreateAlias."""
        ref, name = ref_of(call), call["Name"]
        if not self._records.exists(ref.arn):
            raise not_found(f"Function not found: {ref.arn}:{call['FunctionVersion']}")
        if self._records.documents.get(ALIAS, ref.arn, name):
            raise LambdaError("ResourceConflictException", f"Alias already exists: {ref.arn}:{name}")
        alias = {
            "AliasArn": f"{ref.arn}:{name}",
            "Name": name,
            "FunctionVersion": call["FunctionVersion"],
            "Description": call.get("Description") or "",
        }
        return self._stored(ref, alias, call)

    def get_alias(self, call: Call) -> dict[str, Any]:
        """GetAlias."""
        return self._records.alias(ref_of(call), call["Name"])

    def list_aliases(self, call: Call) -> dict[str, Any]:
        """ListAliases."""
        ref, version = ref_of(call), call.get("FunctionVersion")
        self._records.function(ref)
        aliases = self._records.documents.named(ALIAS, ref.arn).values()
        return page(call, "Aliases", [alias for alias in aliases if not version or alias["FunctionVersion"] == version])

    @atomic
    def update_alias(self, call: Call) -> dict[str, Any]:
        """UpdateAlias."""
        ref = ref_of(call)
        alias = self._records.documents.get(ALIAS, ref.arn, call["Name"])
        if alias is None:
            self._records.function(ref)
            raise not_found(f"Alias not found: {ref.arn}:{call['Name']}")
        check_revision(call.get("RevisionId"), alias)
        changes = {name: call[name] for name in ("FunctionVersion", "Description") if call.get(name) is not None}
        return self._stored(ref, {**alias, **changes}, call)

    @atomic
    def delete_alias(self, call: Call) -> dict[str, Any]:
        """DeleteAlias; if the alias does not exist, that is no error."""
        self._records.documents.delete(ALIAS, ref_of(call).arn, call["Name"])
        return {}

    def _stored(self, ref: Reference, alias: dict[str, Any], call: Call) -> dict[str, Any]:
        version = alias["FunctionVersion"]
        self._records.version(Reference(ref.region, ref.account, ref.name, version))
        if (routing := call.get("RoutingConfig")) is not None:
            weights = routing.get("AdditionalVersionWeights") or {}
            self._check_weights(ref, version, weights)
            alias = {**alias, "RoutingConfig": {"AdditionalVersionWeights": weights}}
            if not weights:
                del alias["RoutingConfig"]
        alias = {**alias, "RevisionId": new_revision()}
        self._records.documents.put(ALIAS, ref.arn, alias["Name"], alias)
        return alias

    def _check_weights(self, ref: Reference, version: str, weights: dict[str, float]) -> None:
        if len(weights) > 1:
            raise invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
        at = "1 validation error detected: Value '{{{}={}}}' at 'routingConfig.additionalVersionWeights'"
        for number, weight in weights.items():
            start = f"{at.format(number, float(weight))} failed to satisfy constraint: "
            if not 0 <= weight <= 1:
                limits = (
                    "Member must have value less than or equal to 1.0, Member must have value greater than or equal"
                )
                text = f"Map value must satisfy constraint: [{limits} to 0.0, Member must not be null]"
                raise LambdaError("ValidationException", start + text)
            if not re.fullmatch(r"[0-9]+", number):
                lengths = "Member must have length less than or equal to 1024, Member must have length greater than or"
                pattern = "Member must satisfy regular expression pattern: [0-9]+"
                text = f"Map keys must satisfy constraint: [{lengths} equal to 1, {pattern}]"
                raise LambdaError("ValidationException", start + text)
            if version == LATEST:
                raise invalid("$LATEST is not supported for an alias pointing to more than 1 version", cause="")
            if number == version:
                text = f"Function version {number} is already included in routing configuration."
                raise invalid(f"Invalid function version {number}. {text}")
            self._records.version(Reference(ref.region, ref.account, ref.name, number))
