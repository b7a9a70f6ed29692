"""GetQueryResults: reads a page from the result file."""

from __future__ import annotations

from typing import Any

from localaws.athena.api.results.files import Row, read_csv_page, read_lines_page
from localaws.athena.errors import InvalidRequestError
from localaws.athena.execution import CANCELLED, FAILED, SUCCEEDED, Execution
from localaws.s3.store import ObjectStore, split_uri

MOST_ROWS = 1000


def results_page(store: ObjectStore, execution: Execution, token: str, limit: int) -> dict[str, Any]:
    """The response of GetQueryResults; the first page of a query's rows starts with its column names.

    Raises InvalidRequestError for a query that has not SUCCEEDED, a limit over 1,000, and an invalid token.
    """
    if execution.state in (FAILED, CANCELLED):
        raise InvalidRequestError(f"Query did not finish successfully. Final query state: {execution.state}")
    if execution.state != SUCCEEDED:
        raise InvalidRequestError(f"Query has not yet finished. Current state: {execution.state}")
    if not 1 <= limit <= MOST_ROWS:
        raise InvalidRequestError(f"MaxResults is more than maximum allowed length {MOST_ROWS}.")
    rows, following = _rows(store, execution, _offset(token), limit)
    page = {
        "UpdateCount": execution.update_count or 0,
        "ResultSet": {
            "Rows": [{"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]} for row in rows],
            "ResultSetMetadata": {"ColumnInfo": execution.columns},
        },
    }
    return page if following is None else page | {"NextToken": str(following)}


def _rows(store: ObjectStore, execution: Execution, offset: int, limit: int) -> tuple[list[Row], int | None]:
    location = execution.output_location
    if not location.endswith((".csv", ".txt")):
        return [], None
    bucket, key = split_uri(location)
    info = store.reads.head(bucket, key)
    if info is None:
        raise InvalidRequestError(f"Could not find results: {location} does not exist")
    if offset > info.size:
        raise InvalidRequestError("NextToken is not valid: it belongs to another query")
    path = store.reads.local_path(bucket, key)
    if location.endswith(".csv"):
        return read_csv_page(path, offset, limit)
    return read_lines_page(path, offset, limit)


def _offset(token: str) -> int:
    if token and not token.isdigit():
        raise InvalidRequestError("NextToken is not valid")
    return int(token or 0)
