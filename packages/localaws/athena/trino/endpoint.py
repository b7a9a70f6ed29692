"""An AWS endpoint only for Trino, which adapts Glue's tables so that Trino reads them correctly."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from localaws.athena.entries.formats import OUTPUT_FORMATS
from localaws.athena.entries.views import PREFIX, SUFFIX, VIRTUAL_VIEW
from localaws.athena.trino.json_keys import JsonKeys
from localaws.athena.trino.literals import for_trino
from localaws.athena.trino.misread import misread, misread_partition

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_READS = ("GetTable", "GetTables", "GetPartition", "GetPartitions", "BatchGetPartition")
IcebergColumns = Callable[[str], list[dict[str, Any]]]
"""Returns the Glue columns of an Iceberg table for the location of its metadata file."""
REFUSED = "localaws refuses this table: "
"""The text before localaws' reason in an error of Trino."""


@dataclass(frozen=True)
class Call:
    """A call of Trino before it was passed on, and the JSON in it."""

    environ: WSGIEnvironment
    request: Mapping[str, Any]


class TrinoEndpoint:
    """Passes every call on to ``aws``, and changes tables so that Trino reads and writes them as Athena does.

    Views get what Trino needs (``runAsInvoker``, no description, numbers as Athena reads them), and tables and
    partitions an output format. A table that Trino would silently misread is refused, for JSON also because of its
    rows. Columns of an Iceberg table to which Trino commits get the parameters that clients of Athena read
    (``iceberg.field.current``).
    """

    def __init__(self, aws: WSGIApplication, iceberg_columns: IcebergColumns, keys: JsonKeys) -> None:
        self._aws = aws
        self._iceberg_columns = iceberg_columns
        self._keys = keys

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        operation = str(environ.get("HTTP_X_AMZ_TARGET", "")).rpartition(".")[2]
        if operation in ("CreateTable", "UpdateTable"):
            self._complete(environ)
        if operation not in _READS:
            return self._aws(environ, start_response)
        call = Call(dict(environ), _body_of(environ))
        answer = Response.from_app(self._aws, environ, buffered=True)
        if answer.status_code == 200:
            answer = self._adapted(json.loads(answer.get_data()), call, answer.content_type)
        return answer(environ, start_response)

    def _complete(self, environ: WSGIEnvironment) -> None:
        request = _body_of(environ)
        table = request.get("TableInput") or {}
        location = (table.get("Parameters") or {}).get("metadata_location")
        if location:
            _complete_columns(table["StorageDescriptor"], self._iceberg_columns(location))
            body = json.dumps(request).encode()
            environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))

    def _adapted(self, body: dict[str, Any], call: Call, content_type: str | None) -> Response:
        """Return the answer ``body`` to ``call`` as Trino may see it."""
        tables = [body["Table"]] if body.get("Table") else body.get("TableList") or []
        partitions = [body["Partition"]] if "Partition" in body else body.get("Partitions") or []
        if reason := self._misread(body.get("Table"), partitions, call):
            text = f"{REFUSED}{reason}"
            refusal = {"__type": "InvalidInputException", "message": text, "Message": text}
            return Response(json.dumps(refusal), 400, content_type=content_type)
        for entry in (*tables, *partitions):
            _add_output_format(entry.get("StorageDescriptor") or {})
        for entry in tables:
            _trim_projection(entry)
            if entry.get("TableType") == VIRTUAL_VIEW:
                _adapt_view(entry)
        return Response(json.dumps(body), 200, content_type=content_type)

    def _misread(
        self, table: Mapping[str, Any] | None, partitions: Sequence[Mapping[str, Any]], call: Call
    ) -> str | None:
        """Return why Trino would misread the table, or the partitions of the call's table, if it would."""
        if table:
            return misread(table) or self._keys.of_table(table)
        if not partitions:
            return None
        owner = self._table(call)
        reasons = (misread_partition(owner, partition) for partition in partitions)
        return next(filter(None, reasons), None) or self._keys.of_partitions(owner, partitions)

    def _table(self, call: Call) -> Mapping[str, Any]:
        """Return the Glue entry of the table whose partitions a call names."""
        body = json.dumps({"DatabaseName": call.request["DatabaseName"], "Name": call.request["TableName"]}).encode()
        environ = {
            **call.environ,
            "HTTP_X_AMZ_TARGET": "AWSGlue.GetTable",
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
        }
        answer = Response.from_app(self._aws, environ, buffered=True)
        table: Mapping[str, Any] = json.loads(answer.get_data())["Table"]
        return table


def _body_of(environ: WSGIEnvironment) -> dict[str, Any]:
    """Return the JSON of a request, which stays readable."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
    request: dict[str, Any] = json.loads(body)
    return request


def _complete_columns(storage: dict[str, Any], columns: list[dict[str, Any]]) -> None:
    """Replace the columns; keep the parameters that Trino stores in them."""
    kept = {column["Name"]: column.get("Parameters") or {} for column in storage.get("Columns") or []}
    storage["Columns"] = [
        {**column, "Parameters": kept.get(column["Name"], {}) | column["Parameters"]} for column in columns
    ]


def _add_output_format(storage: dict[str, Any]) -> None:
    """Add the output format that belongs to the input format: Trino reads no table or partition without one."""
    if not storage.get("OutputFormat") and storage.get("InputFormat") in OUTPUT_FORMATS:
        storage["OutputFormat"] = OUTPUT_FORMATS[storage["InputFormat"]]


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
