"""Operations on query executions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from moto.athena.responses import AthenaResponse

from localaws.athena.api.queries import Request
from localaws.athena.api.results.reuse import reuse_minutes

if TYPE_CHECKING:
    from localaws.athena.api.backend import LocalAthenaBackend
    from localaws.athena.api.queries import Queries

CATALOG = "AwsDataCatalog"


class QueryResponses(AthenaResponse):
    """Operations on query executions."""

    queries: ClassVar[Queries]

    @property
    def local(self) -> LocalAthenaBackend:
        backend: LocalAthenaBackend = self.athena_backend
        return backend

    def start_query_execution(self) -> str:
        context = self._get_param("QueryExecutionContext") or {}
        request = Request(
            query=self._get_param("QueryString"),
            workgroup=self.local.work_group(self._get_param("WorkGroup")),
            database=context.get("Database") or "default",
            catalog=context.get("Catalog") or CATALOG,
            result_configuration=self._get_param("ResultConfiguration") or {},
            parameters=self._get_param("ExecutionParameters") or [],
            token=self._get_param("ClientRequestToken") or "",
            reuse_minutes=reuse_minutes(self._get_param("ResultReuseConfiguration") or {}),
        )
        return json.dumps({"QueryExecutionId": self.queries.submit(request, self.local).id})

    def get_query_execution(self) -> str:
        execution = self.queries.execution(self._get_param("QueryExecutionId"))
        return json.dumps({"QueryExecution": execution.as_response()})

    def batch_get_query_execution(self) -> str:
        executions, missing = [], []
        for execution_id in self._get_param("QueryExecutionIds"):
            execution = self.queries.history.get(execution_id)
            if execution:
                executions.append(execution.as_response())
            else:
                reason = f"QueryExecution {execution_id} was not found"
                missing.append({"QueryExecutionId": execution_id, "ErrorCode": "INVALID_INPUT", "ErrorMessage": reason})
        return json.dumps({"QueryExecutions": executions, "UnprocessedQueryExecutionIds": missing})

    def list_query_executions(self) -> str:
        group = self.local.work_group(self._get_param("WorkGroup"))
        ids = [execution.id for execution in self.queries.history.of_workgroup(group.name)]
        return self._page("QueryExecutionIds", ids, 50)

    def stop_query_execution(self) -> str:
        self.queries.cancel(self._get_param("QueryExecutionId"))
        return "{}"

    def get_query_results(self) -> str:
        page = self.queries.results_page(
            self._get_param("QueryExecutionId"),
            self._get_param("NextToken") or "",
            int(self._get_param("MaxResults") or 1000),
        )
        return json.dumps(page)

    def get_query_runtime_statistics(self) -> str:
        execution = self.queries.execution(self._get_param("QueryExecutionId"))
        return json.dumps({"QueryRuntimeStatistics": execution.runtime_statistics()})

    def _page(self, key: str, items: list[Any], default: int) -> str:
        """One page of a list; the token is an index into the list."""
        start = int(self._get_param("NextToken") or 0)
        end = start + int(self._get_param("MaxResults") or default)
        return json.dumps({key: items[start:end]} | ({"NextToken": str(end)} if end < len(items) else {}))
