"""Operations on named queries and prepared statements."""

from __future__ import annotations

import json
import re
from typing import Any

from localaws.athena.api.query_calls import QueryResponses
from localaws.athena.errors import InvalidRequestError, ResourceNotFoundError

_STATEMENT_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_@:]*")


class SavedQueryResponses(QueryResponses):
    """Operations on named queries and prepared statements."""

    def get_named_query(self) -> str:
        return json.dumps({"NamedQuery": _named_query(self.local.named_query(self._get_param("NamedQueryId")))})

    def batch_get_named_query(self) -> str:
        ids = self._get_param("NamedQueryIds")
        queries = [_named_query(self.local.named_queries[i]) for i in ids if i in self.local.named_queries]
        missing = [
            {"NamedQueryId": i, "ErrorCode": "INVALID_INPUT", "ErrorMessage": f"NamedQuery {i} was not found"}
            for i in ids
            if i not in self.local.named_queries
        ]
        return json.dumps({"NamedQueries": queries, "UnprocessedNamedQueryIds": missing})

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
        statements = [_prepared_statement(statement) for statement in known]
        return json.dumps({"PreparedStatements": statements, "UnprocessedPreparedStatementNames": missing})

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
