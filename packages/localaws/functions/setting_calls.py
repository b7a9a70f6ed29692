"""Concurrency of functions, and the account's limits."""

from __future__ import annotations

from typing import Any

from localaws.functions.atomic import atomic
from localaws.functions.errors import invalid, not_found
from localaws.functions.function_calls import ref_of
from localaws.functions.names import LATEST, Reference
from localaws.functions.records import Records
from localaws.functions.wire import Call

LEAST_UNRESERVED = 100


class SettingCalls:
    """Operations on concurrency; ``limit`` is the account's limit."""

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

    @atomic
    def put_function_concurrency(self, call: Call) -> dict[str, Any]:
        """PutFunctionConcurrency."""
        ref, number = ref_of(call), call["ReservedConcurrentExecutions"]
        if not ref.qualifier and not self._records.exists(ref.arn):
            raise not_found(f"Function not found: {ref.arn}:{LATEST}")
        ref = self._unqualified(call)
        if number and self._limit - self._records.all_reserved(ref.arn) - number < LEAST_UNRESERVED:
            text = "Specified ReservedConcurrentExecutions for function decreases account's"
            least = f"UnreservedConcurrentExecution below its minimum value of [{LEAST_UNRESERVED}]."
            raise invalid(f"{text} {least}", cause="")
        self._records.put_function(ref, reserved=number)
        return {"ReservedConcurrentExecutions": number}

    def get_function_concurrency(self, call: Call) -> dict[str, Any]:
        """GetFunctionConcurrency."""
        return {"ReservedConcurrentExecutions": self._records.reserved(self._unqualified(call).arn)}

    @atomic
    def delete_function_concurrency(self, call: Call) -> dict[str, Any]:
        """DeleteFunctionConcurrency."""
        self._records.put_function(self._unqualified(call), reserved=None)
        return {}

    def _unqualified(self, call: Call) -> Reference:
        ref = ref_of(call)
        if ref.qualifier:
            text = "This operation is permitted on Lambda functions only. Aliases and versions do not support this"
            raise invalid(f"{text} operation. Please specify either a function name or an unqualified function ARN.")
        self._records.function(ref)
        return ref
