"""The complaints ranking: its catalogue and its files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from werkzeug.wrappers import Response

from bcb_mirror.publication import PERIODICITY, TYPE, Publication
from bcb_mirror.quarters import Quarter

_PERIODS = {"TRIMESTRAL": 4, "SEMESTRAL": 2, "BIMESTRAL": 6}
_TYPES = (TYPE, "Consorcios")


def catalogue(publication: Publication) -> Response:
    """Return 200 with the catalogue of all rankings."""
    body = json.dumps(publication.catalogue(), ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, content_type="application/json")


def file(publication: Publication, query: Mapping[str, str]) -> Response:
    """Return 200 with the CSV, 204 if nothing is published, 400 if a parameter is missing or wrong.

    The header declares UTF-8, although the bytes are not, and every period has the same download name.
    """
    wrong = _wrong_parameter(query)
    if wrong:
        body = json.dumps({"codigo": 400, "mensagem": f"Parâmetro inválido: {wrong}"}, ensure_ascii=False)
        return Response(body, 400, content_type="application/json")
    content = None
    if query["periodicidade"] == PERIODICITY and query["tipo"] == TYPE:
        content = publication.file(Quarter(int(query["ano"]), int(query["periodo"])))
    if content is None:
        return _nothing()
    response = Response(content, content_type="text/csv;charset=UTF-8")
    response.headers["Content-Disposition"] = 'attachment; filename="Bancos+e+financeiras.csv"'
    return response


def _wrong_parameter(query: Mapping[str, str]) -> str | None:
    if not re.fullmatch(r"\d{4}", query.get("ano", "")):
        return "ano"
    periods = _PERIODS.get(query.get("periodicidade", ""))
    if periods is None:
        return "periodicidade"
    if not re.fullmatch(r"\d", query.get("periodo", "")) or not 1 <= int(query["periodo"]) <= periods:
        return "periodo"
    return None if query.get("tipo") in _TYPES else "tipo"


def _nothing() -> Response:
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response
