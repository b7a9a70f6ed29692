"""The endpoint that only Trino talks to: AWS, with Glue's tables as Trino reads them right."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from localaws.athena.entries.views import PREFIX, SUFFIX, VIRTUAL_VIEW
from localaws.athena.trino.literals import for_trino
from localaws.athena.trino.misread import misread

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REFUSED = "localaws refuses this table: "
"""Text of an error of Trino before a reason that localaws gave."""


class TrinoEndpoint:
    """Passes every call on to ``aws``, and answers GetTable and GetTables with what Trino needs.

    Views get what Trino asks of its own (``runAsInvoker``, no description, numbers as Athena reads them). A table that
    Trino would read wrong in silence is refused.
    """

    def __init__(self, aws: WSGIApplication) -> None:
        self._aws = aws

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        operation = str(environ.get("HTTP_X_AMZ_TARGET", "")).rpartition(".")[2]
        if operation not in ("GetTable", "GetTables"):
            return self._aws(environ, start_response)
        answer = Response.from_app(self._aws, environ, buffered=True)
        if answer.status_code == 200:
            answer = _adapted(answer)
        return answer(environ, start_response)


def _adapted(answer: Response) -> Response:
    body = json.loads(answer.get_data())
    table = body.get("Table")
    if table and (reason := misread(table)):
        refusal = {"__type": "InvalidInputException", "message": f"{REFUSED}{reason}", "Message": f"{REFUSED}{reason}"}
        return Response(json.dumps(refusal), 400, content_type=answer.content_type)
    for entry in [table] if table else body.get("TableList") or []:
        if entry.get("TableType") == VIRTUAL_VIEW:
            _adapt_view(entry)
    return Response(json.dumps(body), 200, content_type=answer.content_type)


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
