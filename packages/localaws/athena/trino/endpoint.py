"""An AWS endpoint only for Trino, which adapts Glue's tables so that Trino reads them correctly."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from localaws.athena.entries.views import PREFIX, SUFFIX, VIRTUAL_VIEW
from localaws.athena.trino.literals import for_trino
from localaws.athena.trino.misread import misread, misread_partition

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_READS = ("GetTable", "GetTables", "GetPartition", "GetPartitions", "BatchGetPartition")
IcebergColumns = Callable[[str], list[dict[str, Any]]]
"""Returns the Glue columns of an Iceberg table for the location of its metadata file."""
REFUSED = "localaws refuses this table: "
"""The text before localaws' reason in an error of Trino."""


class TrinoEndpoint:
    """Passes every call on to ``aws``, and changes tables so that Trino reads and writes them as Athena does.

    Views get what Trino needs (``runAsInvoker``, no description, numbers as Athena reads them). A table that Trino
    would silently misread is refused. Columns of an Iceberg table to which Trino commits get the parameters that
    clients of Athena read (``iceberg.field.current``).
    """

    def __init__(self, aws: WSGIApplication, iceberg_columns: IcebergColumns) -> None:
        self._aws = aws
        self._iceberg_columns = iceberg_columns

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        operation = str(environ.get("HTTP_X_AMZ_TARGET", "")).rpartition(".")[2]
        if operation in ("CreateTable", "UpdateTable"):
            self._complete(environ)
        if operation not in _READS:
            return self._aws(environ, start_response)
        answer = Response.from_app(self._aws, environ, buffered=True)
        if answer.status_code == 200:
            answer = _adapted(answer)
        return answer(environ, start_response)

    def _complete(self, environ: WSGIEnvironment) -> None:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        request = json.loads(body)
        table = request.get("TableInput") or {}
        location = (table.get("Parameters") or {}).get("metadata_location")
        if location:
            _complete_columns(table["StorageDescriptor"], self._iceberg_columns(location))
            body = json.dumps(request).encode()
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))


def _complete_columns(storage: dict[str, Any], columns: list[dict[str, Any]]) -> None:
    """Replace the columns; keep the parameters that Trino stores in them."""
    kept = {column["Name"]: column.get("Parameters") or {} for column in storage.get("Columns") or []}
    storage["Columns"] = [
        {**column, "Parameters": kept.get(column["Name"], {}) | column["Parameters"]} for column in columns
    ]


def _adapted(answer: Response) -> Response:
    body = json.loads(answer.get_data())
    table = body.get("Table")
    partitions = [body["Partition"]] if "Partition" in body else body.get("Partitions") or []
    reasons = (misread(table) if table else None, *map(misread_partition, partitions))
    if reason := next(filter(None, reasons), None):
        refusal = {"__type": "InvalidInputException", "message": f"{REFUSED}{reason}", "Message": f"{REFUSED}{reason}"}
        return Response(json.dumps(refusal), 400, content_type=answer.content_type)
    for entry in [table] if table else body.get("TableList") or []:
        _trim_projection(entry)
        if entry.get("TableType") == VIRTUAL_VIEW:
            _adapt_view(entry)
    return Response(json.dumps(body), 200, content_type=answer.content_type)


def _trim_projection(table: dict[str, Any]) -> None:
    """Remove white space around the values of partition projection, which Athena allows and Trino does not."""
    parameters = table.get("Parameters") or {}
    parameters.update({k: v.strip() for k, v in parameters.items() if k.startswith("projection.")})


def _adapt_view(table: dict[str, Any]) -> None:
    text = str(table.get("ViewOriginalText") or "")
    if not (text.startswith(PREFIX) and text.endswith(SUFFIX)):
        return
    view = json.loads(base64.b64decode(text[len(PREFIX) : -len(SUFFIX)]))
    view["runAsInvoker"] = True
    view["originalSql"] = for_trino(view["originalSql"]).sql
    encoded = base64.b64encode(json.dumps(view).encode()).decode()
    table["ViewOriginalText"] = f"{PREFIX}{encoded}{SUFFIX}"
    table.pop("Description", None)
    table["Parameters"] = (table.get("Parameters") or {}) | {"presto_view": "true", "comment": "Presto View"}
