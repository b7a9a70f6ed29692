"""The operations of the Data API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localaws.redshift import results
from localaws.redshift.api import metadata
from localaws.redshift.api.execution import AUTO_COMMIT, CSV, FINISHED, Execution
from localaws.redshift.api.service import Service
from localaws.redshift.api.sessions import CLOSED, KeptSession
from localaws.redshift.api.targets import Owner
from localaws.redshift.errors import ResourceNotFoundError, ValidationError
from localaws.redshift.json_app import Handler

_ID = re.compile(r"([a-z0-9]{8}(?:-[a-z0-9]{4}){3}-[a-z0-9]{12})(?::(\d{1,2}))?")
_DEFAULT_PAGE = 100


class Calls:
    """Handlers of the operations: each takes account, region and request, and returns the response."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def handlers(self) -> dict[str, Handler]:
        """Return the handlers by the name of their operation."""
        return {
            "ExecuteStatement": self.execute_statement,
            "BatchExecuteStatement": self.batch_execute_statement,
            "DescribeStatement": self.describe_statement,
            "GetStatementResult": self.get_statement_result,
            "GetStatementResultV2": self.get_statement_result_v2,
            "CancelStatement": self.cancel_statement,
            "ListStatements": self.list_statements,
            "ListSessions": self.list_sessions,
            **metadata.handlers(self._service),
        }

    def execute_statement(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        return self._accepted(Owner(account, region), request, is_batch=False)

    def batch_execute_statement(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        return self._accepted(Owner(account, region), request, is_batch=True)

    def describe_statement(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        execution, number = self._find(account, region, request)
        return execution.described(number)

    def get_statement_result(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        execution, number = self._find(account, region, request)
        if execution.format == CSV:
            raise ValidationError("The statement has results in CSV format. Use GetStatementResultV2.")
        page, rows, _ = self._page(execution, number, request)
        return page | {"Records": rows}

    def get_statement_result_v2(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        execution, number = self._find(account, region, request)
        if execution.format != CSV:
            raise ValidationError("The statement has results in JSON format. Use GetStatementResult.")
        page, rows, first = self._page(execution, number, request)
        text = results.as_csv(page["ColumnMetadata"], rows, first=first)
        return page | {"Records": [{"CSVRecords": text}], "ResultFormat": CSV}

    def cancel_statement(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        execution, _ = self._find(account, region, request)
        if not self._service.cancel(execution):
            raise ValidationError(
                f"Could not cancel a query that is already in {execution.whole.status} state with ID: {execution.id}"
            )
        return {"Status": True}

    def list_statements(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        status, name = request.get("Status", FINISHED), request.get("StatementName", "")
        place = {key: request[key] for key in ("ClusterIdentifier", "WorkgroupName", "Database") if request.get(key)}
        statements = [
            execution.listed()
            for execution in self._service.history.newest_first()
            if (execution.account, execution.region) == (account, region)
            and status in ("ALL", execution.whole.status)
            and execution.name.startswith(name)
            and all(execution.place.get(key) == value for key, value in place.items())
        ]
        return _listed("Statements", statements, request)

    def list_sessions(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        place = {key: request[key] for key in ("ClusterIdentifier", "WorkgroupName", "Database") if request.get(key)}

        def accept(kept: KeptSession) -> bool:
            if request.get("SessionId"):
                return bool(kept.id == request["SessionId"])
            status = request.get("Status")
            right = kept.status == status if status else kept.status != CLOSED
            return right and all(kept.place.get(key) == value for key, value in place.items())

        return _listed("Sessions", self._service.sessions.listed(accept), request)

    def _accepted(self, owner: Owner, request: dict[str, Any], *, is_batch: bool) -> Mapping[str, Any]:
        execution = self._service.submit(owner, request, is_batch=is_batch)
        if not request.get("WaitTimeSeconds"):
            return execution.accepted()
        self._service.history.wait(execution, request["WaitTimeSeconds"])
        return execution.accepted() | execution.waited()

    def _find(self, account: str, region: str, request: dict[str, Any]) -> tuple[Execution, int]:
        """The execution with an ID, and the number of a statement in a batch (0: the whole); wait if requested."""
        match = _ID.fullmatch(request["Id"])
        if match is None:
            raise ValidationError(f"id must satisfy regex pattern: ^{_ID.pattern.replace('?:', '')}$")
        execution, number = self._service.history.get(match[1]), int(match[2] or 0)
        if (
            execution is None
            or (execution.account, execution.region) != (account, region)
            or (number > len(execution.parts) or (number and not execution.is_batch))
        ):
            raise ResourceNotFoundError("Query does not exist.")
        if request.get("WaitTimeSeconds"):
            self._service.history.wait(execution, request["WaitTimeSeconds"])
        return execution, number

    def _page(
        self, execution: Execution, number: int, request: dict[str, Any]
    ) -> tuple[dict[str, Any], list[list[dict[str, Any]]], bool]:
        """Return one page of a result set, and whether it is the first page."""
        if execution.is_batch and not number:
            raise ValidationError("The statement is a batch. Add the number of one of its statements to the ID.")
        part = execution.parts[max(0, number - 1)]
        is_kept = execution.whole.status == FINISHED or execution.mode == AUTO_COMMIT
        if not is_kept or part.status != FINISHED or not part.has_result:
            raise ResourceNotFoundError("Query does not have result. Please check query status with DescribeStatement.")
        place = request.get("NextToken") or "0"
        path = self._service.history.result_file(execution, max(1, number))
        if not place.isdigit() or int(place) > path.stat().st_size:
            raise ValidationError("NextToken is not valid.")
        rows, following = results.page(path, int(place))
        page = {"ColumnMetadata": part.columns, "TotalNumRows": part.rows}
        return page | ({"NextToken": str(following)} if following else {}), rows, place == "0"


def _listed(name: str, entries: list[dict[str, Any]], request: dict[str, Any]) -> Mapping[str, Any]:
    """One page of a list; the token is an index into the list."""
    token = request.get("NextToken") or "0"
    if not token.isdigit():
        raise ValidationError("NextToken is not valid.")
    start = int(token)
    end = start + int(request.get("MaxResults") or _DEFAULT_PAGE)
    return {name: entries[start:end]} | ({"NextToken": str(end)} if end < len(entries) else {})
