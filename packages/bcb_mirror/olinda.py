"""The OData services of Olinda: fees, their groups, and the register of institutions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from werkzeug.wrappers import Response

from bcb_mirror.fees import values_of
from bcb_mirror.odata_filter import FilterError, predicate_of
from bcb_mirror.world import FEE_FIELDS, REGISTER_FIELDS, Record, World

FEES = "Informes_ListaTarifasPorInstituicaoFinanceira"
VALUES = "Informes_ListaValoresDeServicoBancario"
REGISTER = "IFDATA"
_CONTEXT = "https://was-p.bcnet.bcb.gov.br/olinda/servico/{}/versao/v1/odata$metadata#{}({})"
_VALUE_FIELDS = (
    "NomeServico",
    "ValorMinimo",
    "PeriodicidadeValorMinimo",
    "ValorMaximo",
    "PeriodicidadeValorMaximo",
    "ValorMedio",
)
_CALL = re.compile(r"(?P<name>\w+)(?:\((?P<arguments>[^()]*)\))?")
_ARGUMENT = re.compile(r"\s*(\w+)\s*=\s*(@\w+|'[^']*')\s*")
MALFORMED = "The URI is malformed."


class BadRequestError(ValueError):
    """A status 400 of the service; the text is the message in its body."""


@dataclass(frozen=True)
class Resource:
    """A resource: its ``service``, the ``parameters`` of its function (none: a set), its ``fields``, its data."""

    service: str
    parameters: tuple[str, ...]
    fields: tuple[str, ...]
    records: Callable[[World, Mapping[str, str]], Sequence[Record]]


def _values(world: World, given: Mapping[str, str]) -> Sequence[Record]:
    members = world.members(given["CodigoGrupoConsolidado"])
    return values_of(
        given["PessoaFisicaOuJuridica"],
        (world.fees(given["PessoaFisicaOuJuridica"], str(member["Cnpj"])) for member in members),
    )


RESOURCES = {
    "ListaTarifasPorInstituicaoFinanceira": Resource(
        FEES,
        ("PessoaFisicaOuJuridica", "CNPJ"),
        FEE_FIELDS,
        lambda world, given: world.fees(given["PessoaFisicaOuJuridica"], given["CNPJ"]),
    ),
    "ListaInstituicoesDeGrupoConsolidado": Resource(
        FEES,
        ("CodigoGrupoConsolidado",),
        ("Cnpj", "Nome"),
        lambda world, given: world.members(given["CodigoGrupoConsolidado"]),
    ),
    "GruposConsolidados": Resource(FEES, (), ("Codigo", "Nome"), lambda world, _: world.groups()),
    "ListaValoresServicoBancario": Resource(
        VALUES, ("PessoaFisicaOuJuridica", "CodigoGrupoConsolidado"), _VALUE_FIELDS, _values
    ),
    "IfDataCadastro": Resource(
        REGISTER, ("AnoMes",), REGISTER_FIELDS, lambda world, given: world.register(given["AnoMes"])
    ),
}


@dataclass
class Paging:
    """Paging of the services, which can be changed while they run.

    ``reordered``: each answer has its records in another order, unless $orderby is given and ``obeys_order`` is true.
    ``longest`` is the number of records after which a page ends with a link to the next one; 0 means no links.
    """

    reordered: bool = False
    obeys_order: bool = True
    longest: int = 0
    answers: int = 0

    def ordered(self, records: Sequence[Record], query: Mapping[str, str]) -> Sequence[Record]:
        """Return the records in the order of the next answer."""
        self.answers += 1
        if not self.reordered or ("$orderby" in query and self.obeys_order):
            return records
        place = 37 * self.answers % max(len(records), 1)
        return [*records[place:], *records[:place]]


def answer(
    world: World, service: str, call: str, query: Mapping[str, str], paging: Paging | None = None, url: str = ""
) -> Response:
    """Answer ``GET /olinda/servico/<service>/versao/v1/odata/<call>?<query>``; ``url`` is the requested URL."""
    paging = paging or Paging()
    match = _CALL.fullmatch(call)
    name = match["name"] if match else ""
    resource = RESOURCES.get(name)
    if not match or not resource or resource.service != service:
        return _error(404, f"Cannot find EntitySet, Singleton, ActionImport or FunctionImport with name '{name}'.")
    try:
        given = _arguments(resource, match["arguments"], query)
        records = resource.records(world, given)
        fields = _selected(resource.fields, query)
        chosen = _chosen(records, resource.fields, query)
        if not (paging.reordered and not paging.obeys_order):
            chosen = _in_order(chosen, resource.fields, query)
        page, link = _page(paging.ordered(chosen, query), query, paging.longest, url)
        value = [{field: record[field] for field in fields} for record in page]
    except (BadRequestError, FilterError) as error:
        return _error(400, str(error))
    kind = f"_{name}" if resource.parameters else name
    context = {"@odata.context": _CONTEXT.format(service, kind, ",".join(fields))}
    count = {"@odata.count": len(chosen)} if query.get("$count") == "true" else {}
    following = {"@odata.nextLink": link} if link else {}
    return _json(200, {**context, **count, "value": value, **following})


def _arguments(resource: Resource, text: str | None, query: Mapping[str, str]) -> dict[str, str]:
    if query.get("$format", "json") not in {"json", "application/json"}:
        raise BadRequestError("The mirror supports only $format=json.")
    if not resource.parameters:
        if text is not None:
            raise BadRequestError(MALFORMED)
        return {}
    matches = [_ARGUMENT.fullmatch(part) for part in (text or "").split(",")]
    given = {match[1]: _resolved(match[2], query) for match in matches if match}
    if len(given) != len(matches) or set(given) != set(resource.parameters):
        raise BadRequestError(MALFORMED)
    return given


def _resolved(text: str, query: Mapping[str, str]) -> str:
    """Return the value of an argument: a literal, or an alias of a literal in the query (numbers may be unquoted)."""
    literal = query.get(text, "") if text.startswith("@") else text
    match = re.fullmatch(r"'([^']*)'|(\d+)", literal)
    if not match:
        raise BadRequestError(MALFORMED)
    return match[1] if match[1] is not None else match[2]


def _chosen(records: Sequence[Record], fields: tuple[str, ...], query: Mapping[str, str]) -> Sequence[Record]:
    return list(filter(predicate_of(query["$filter"], fields), records)) if "$filter" in query else records


def _in_order(records: Sequence[Record], fields: tuple[str, ...], query: Mapping[str, str]) -> Sequence[Record]:
    ordered = list(records)
    for term in reversed(query.get("$orderby", "").split(",")):
        ordered = _ordered(ordered, term.split(), fields)
    return ordered


def _page(records: Sequence[Record], query: Mapping[str, str], longest: int, url: str) -> tuple[Sequence[Record], str]:
    """Return the records of one page, and the link to the next one if page sizes are limited."""
    skip, top = _count(query, "$skip", 0), _count(query, "$top", len(records))
    size = min(top, longest) if longest else top
    rest = {**query, "$skip": str(skip + size), "$top": str(top - size)}
    has_more = size < top and skip + size < len(records)
    return records[skip : skip + size], f"{url}?{urlencode(rest)}" if has_more else ""


def _ordered(records: list[Record], term: list[str], fields: tuple[str, ...]) -> list[Record]:
    if not term:
        return records
    field, direction = term[0], term[1] if len(term) > 1 else "asc"
    if field not in fields or direction not in {"asc", "desc"}:
        raise BadRequestError(f"The property '{field}', used in a query expression, is not defined.")
    present = [record for record in records if record[field] is not None]
    absent = [record for record in records if record[field] is None]
    ordered = sorted(present, key=lambda record: record[field], reverse=direction == "desc")  # type: ignore[arg-type,return-value]
    return ordered + absent if direction == "desc" else absent + ordered


def _count(query: Mapping[str, str], option: str, default: int) -> int:
    text = query.get(option)
    if text is None:
        return default
    if not re.fullmatch(r"\d{1,9}", text):
        raise BadRequestError(f"The system query option '{option}' has the not-allowed value '{text[:20]}'.")
    return int(text)


def _selected(fields: tuple[str, ...], query: Mapping[str, str]) -> tuple[str, ...]:
    if "$select" not in query:
        return fields
    wanted = tuple(field.strip() for field in query["$select"].split(","))
    for field in wanted:
        if field not in fields:
            raise BadRequestError(f"The property '{field[:40]}', used in a query expression, is not defined.")
    return wanted


def _error(status: int, message: str) -> Response:
    return _json(status, {"error": {"code": None, "message": message}})


def _json(status: int, content: object) -> Response:
    body = json.dumps(content, ensure_ascii=False).encode()
    return Response(body, status=status, content_type="application/json;odata.metadata=minimal;charset=UTF-8")
