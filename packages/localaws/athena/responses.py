"""The Athena API: what moto lacks, and what it answers without having run a query."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

from moto.athena.responses import AthenaResponse

from localaws.athena.engine import Request
from localaws.athena.errors import InvalidRequestError, MetadataError, ResourceNotFoundError
from localaws.athena.metadata import database_metadata, table_metadata
from localaws.athena.results.reuse import reuse_minutes
from localaws.glue.catalog import EntityNotFoundException

if TYPE_CHECKING:
    from localaws.athena.backend import LocalAthenaBackend
    from localaws.athena.engine import Engine

CATALOG = "AwsDataCatalog"
_STATEMENT_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_@:]*")


class QueryResponses(AthenaResponse):
    """Operations on query executions."""

    @property
    def local(self) -> LocalAthenaBackend:
        backend: LocalAthenaBackend = self.athena_backend
        return backend

    @property
    def engine(self) -> Engine:
        return self.local.engine

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
        return json.dumps({"QueryExecutionId": self.engine.submit(request, self.local).id})

    def get_query_execution(self) -> str:
        execution = self.engine.execution(self._get_param("QueryExecutionId"))
        return json.dumps({"QueryExecution": execution.as_response()})

    def batch_get_query_execution(self) -> str:
        found, missing = [], []
        for execution_id in self._get_param("QueryExecutionIds"):
            execution = self.engine.history.get(execution_id)
            if execution:
                found.append(execution.as_response())
            else:
                reason = f"QueryExecution {execution_id} was not found"
                missing.append({"QueryExecutionId": execution_id, "ErrorCode": "INVALID_INPUT", "ErrorMessage": reason})
        return json.dumps({"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing})

    def list_query_executions(self) -> str:
        group = self.local.work_group(self._get_param("WorkGroup"))
        ids = [execution.id for execution in self.engine.history.of_workgroup(group.name)]
        return self._page("QueryExecutionIds", ids, 50)

    def stop_query_execution(self) -> str:
        self.engine.cancel(self._get_param("QueryExecutionId"))
        return "{}"

    def get_query_results(self) -> str:
        page = self.engine.results_page(
            self._get_param("QueryExecutionId"),
            self._get_param("NextToken") or "",
            int(self._get_param("MaxResults") or 1000),
        )
        return json.dumps(page)

    def get_query_runtime_statistics(self) -> str:
        execution = self.engine.execution(self._get_param("QueryExecutionId"))
        return json.dumps({"QueryRuntimeStatistics": execution.runtime_statistics()})

    def _page(self, key: str, items: list[Any], default: int) -> str:
        """One page of a list; the token is the place in it."""
        start = int(self._get_param("NextToken") or 0)
        end = start + int(self._get_param("MaxResults") or default)
        return json.dumps({key: items[start:end]} | ({"NextToken": str(end)} if end < len(items) else {}))


class SavedQueryResponses(QueryResponses):
    """Operations on named queries and prepared statements."""

    def get_named_query(self) -> str:
        return json.dumps({"NamedQuery": _named_query(self.local.named_query(self._get_param("NamedQueryId")))})

    def batch_get_named_query(self) -> str:
        ids = self._get_param("NamedQueryIds")
        found = [_named_query(self.local.named_queries[i]) for i in ids if i in self.local.named_queries]
        missing = [
            {"NamedQueryId": i, "ErrorCode": "INVALID_INPUT", "ErrorMessage": f"NamedQuery {i} was not found"}
            for i in ids
            if i not in self.local.named_queries
        ]
        return json.dumps({"NamedQueries": found, "UnprocessedNamedQueryIds": missing})

    def update_named_query(self) -> str:
        query = self.local.named_query(self._get_param("NamedQueryId"))
        query.name = self._get_param("Name")
        query.description = self._get_param("Description") or query.description
        query.query_string = self._get_param("QueryString")
        return "{}"

    def delete_named_query(self) -> str:
        del self.local.named_queries[self.local.named_query(self._get_param("NamedQueryId")).id]
        return "{}"

    def create_prepared_statement(self) -> str:
        name, workgroup = self._get_param("StatementName"), self._get_param("WorkGroup")
        if not _STATEMENT_NAME.fullmatch(name):
            raise InvalidRequestError(f"Statement name {name} is not valid: it must match {_STATEMENT_NAME.pattern}")
        if self.local.statement(workgroup, name):
            raise InvalidRequestError(f"The PreparedStatement {name} already exists in workGroup {workgroup}")
        query = self._get_param("QueryStatement")
        self.local.put_statement(workgroup, name, query, self._get_param("Description"))
        return "{}"

    def update_prepared_statement(self) -> str:
        name, workgroup = self._get_param("StatementName"), self._get_param("WorkGroup")
        self._known_statement(workgroup, name)
        query = self._get_param("QueryStatement")
        self.local.put_statement(workgroup, name, query, self._get_param("Description"))
        return "{}"

    def get_prepared_statement(self) -> str:
        name, workgroup = self._get_param("StatementName"), self._get_param("WorkGroup")
        statement = self._known_statement(workgroup, name)
        return json.dumps({"PreparedStatement": _prepared_statement(statement)})

    def batch_get_prepared_statement(self) -> str:
        workgroup = self._get_param("WorkGroup")
        names = self._get_param("PreparedStatementNames")
        known = [statement for name in names if (statement := self.local.statement(workgroup, name))]
        missing = [
            {"StatementName": name, "ErrorCode": "STATEMENT_NOT_FOUND", "ErrorMessage": _no_statement(name, workgroup)}
            for name in names
            if not self.local.statement(workgroup, name)
        ]
        found = [_prepared_statement(statement) for statement in known]
        return json.dumps({"PreparedStatements": found, "UnprocessedPreparedStatementNames": missing})

    def list_prepared_statements(self) -> str:
        group = self.local.work_group(self._get_param("WorkGroup"))
        summaries = [
            {"StatementName": s.statement_name, "LastModifiedTime": s.last_modified_time.timestamp()}
            for s in self.local.statements_of(group.name)
        ]
        return self._page("PreparedStatements", summaries, 50)

    def delete_prepared_statement(self) -> str:
        name, workgroup = self._get_param("StatementName"), self._get_param("WorkGroup")
        self._known_statement(workgroup, name)
        self.local.delete_statement(workgroup, name)
        return "{}"

    def _known_statement(self, workgroup: str, name: str) -> Any:
        self.local.work_group(workgroup)
        statement = self.local.statement(workgroup, name)
        if statement is None:
            raise ResourceNotFoundError(_no_statement(name, workgroup))
        return statement


class WorkGroupResponses(SavedQueryResponses):
    """Operations on workgroups."""

    def create_work_group(self) -> str:
        name = self._get_param("Name")
        configuration = self._get_param("Configuration") or {}
        tags = self._get_param("Tags") or []
        group = self.local.create_work_group(name, configuration, self._get_param("Description") or "", tags)
        if not group:
            raise InvalidRequestError(f"WorkGroup {name} already exists")
        group.created = time.time()
        return "{}"

    def get_work_group(self) -> str:
        group = self.local.work_group(self._get_param("WorkGroup"))
        return json.dumps({"WorkGroup": _work_group(group) | {"Configuration": group.configuration}})

    def list_work_groups(self) -> str:
        groups = [
            _work_group(group) | {"EngineVersion": group.configuration["EngineVersion"]}
            for group in self.local.work_groups.values()
        ]
        return self._page("WorkGroups", groups, 50)

    def update_work_group(self) -> str:
        self.local.update_work_group(
            self._get_param("WorkGroup"),
            self._get_param("Description"),
            self._get_param("ConfigurationUpdates") or {},
            self._get_param("State"),
        )
        return "{}"

    def delete_work_group(self) -> str:
        self.local.drop_work_group(
            self._get_param("WorkGroup"), recursive=bool(self._get_param("RecursiveDeleteOption"))
        )
        return "{}"

    def list_engine_versions(self) -> str:
        version = "Athena engine version 3"
        versions = [{"SelectedEngineVersion": name, "EffectiveEngineVersion": version} for name in ("AUTO", version)]
        return self._page("EngineVersions", versions, 10)


class LocalAthenaResponse(WorkGroupResponses):
    """Operations on the catalog, over those of the base classes."""

    def get_database(self) -> str:
        self._check_catalog()
        name = self._get_param("DatabaseName")
        try:
            database = self.engine.catalog.get_database(name)
        except EntityNotFoundException as error:
            raise MetadataError.entity_not_found("GetDatabase", error.message) from None
        return json.dumps({"Database": database_metadata(database)})

    def list_databases(self) -> str:
        self._check_catalog()
        databases = [database_metadata(database) for database in self.engine.catalog.get_databases()]
        return self._page("DatabaseList", databases, 50)

    def get_table_metadata(self) -> str:
        self._check_catalog()
        try:
            table = self.engine.catalog.get_table(self._get_param("DatabaseName"), self._get_param("TableName"))
        except EntityNotFoundException as error:
            raise MetadataError.entity_not_found("GetTableMetadata", error.message) from None
        return json.dumps({"TableMetadata": table_metadata(table)})

    def list_table_metadata(self) -> str:
        self._check_catalog()
        pattern = re.compile(self._get_param("Expression") or ".*")
        try:
            tables = self.engine.catalog.get_tables(self._get_param("DatabaseName"))
        except EntityNotFoundException as error:
            raise MetadataError.entity_not_found("ListTableMetadata", error.message) from None
        found = [table_metadata(table) for table in tables if pattern.fullmatch(table["Name"])]
        return self._page("TableMetadataList", found, 50)

    def get_data_catalog(self) -> str:
        name = self._get_param("Name")
        if name.lower() == CATALOG.lower():
            return json.dumps({"DataCatalog": {"Name": CATALOG, "Type": "GLUE", "Parameters": {}}})
        known = self.local.data_catalogs.get(name)
        if not known:
            raise InvalidRequestError(f"Data catalog '{name}' was not found")
        return json.dumps({"DataCatalog": self.local.get_data_catalog(name)})

    def list_data_catalogs(self) -> str:
        others = [{"CatalogName": c.name, "Type": c.type} for c in self.local.data_catalogs.values()]
        return self._page("DataCatalogsSummary", [{"CatalogName": CATALOG, "Type": "GLUE"}, *others], 50)

    def _check_catalog(self) -> None:
        name = self._get_param("CatalogName") or CATALOG
        if name.lower() != CATALOG.lower():
            raise InvalidRequestError(f"Data catalog '{name}' is not supported: only {CATALOG} holds tables here")


def _named_query(query: Any) -> dict[str, Any]:
    return {
        "Name": query.name,
        "Description": query.description or "",
        "Database": query.database,
        "QueryString": query.query_string,
        "NamedQueryId": query.id,
        "WorkGroup": query.workgroup.name,
    }


def _prepared_statement(statement: Any) -> dict[str, Any]:
    return {
        "StatementName": statement.statement_name,
        "QueryStatement": statement.query_statement,
        "WorkGroupName": statement.workgroup,
        "Description": statement.description or "",
        "LastModifiedTime": statement.last_modified_time.timestamp(),
    }


def _no_statement(name: str, workgroup: str) -> str:
    return f"PreparedStatement {name} was not found in workGroup {workgroup}"


def _work_group(group: Any) -> dict[str, Any]:
    return {
        "Name": group.name,
        "State": group.state,
        "Description": group.description or "",
        "CreationTime": getattr(group, "created", 0.0),
    }
