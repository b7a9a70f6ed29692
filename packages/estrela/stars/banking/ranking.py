"""The ranking of institutions by complaints: its quarterly files, as a source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from estrela.model import (
    Catalogue,
    Column,
    CsvSource,
    Delimited,
    Digits,
    Field,
    Freshness,
    FromRequest,
    Layout,
    ListedFile,
    Number,
    Ordinal,
    Prefix,
    RunParameter,
    Text,
    Whole,
    between,
    expression,
)

RANKING = "https://www3.bcb.gov.br/rdrweb/rest/ext/ranking"
PERIODICITY = "TRIMESTRAL"
KIND = "Bancos e financeiras"
SIZE_GROUPS = {
    "Mais de quatro milh": "top",
    "Top ": "top",
    "Menos de quatro milh": "secondary",
    "Grupo Secund": "secondary",
    "Demais ": "secondary",
}
quarters = RunParameter(
    "quarters",
    "Quarters of the complaints ranking to extract; empty for all published quarters",
    pattern="(?P<year>[0-9]{4})T(?P<quarter>[1-4])",
    example="2021T4",
)
_KEY_FIELDS = (
    Field("Ano", "year", Whole(), required=True),
    Field("Trimestre", "quarter", Ordinal(1, 4), required=True),
    Field("Categoria", "size_group", Prefix(SIZE_GROUPS), required=True),
    Field("Tipo", "kind", Prefix({"Conglomerado": "conglomerate", "Banco/financeira": "bank"}), required=True),
    Field("CNPJ IF", "cnpj_root", Digits(8)),
    Field("Instituição financeira", "institution_name", Text(collapse=True), required=True),
    Field("Índice", "published_index", Number(",", grouping=".")),
)
_CLIENT_FIELDS = (
    Field("Quantidade total de clientes - CCS e SCR", "clients", Whole()),
    Field("Quantidade de clientes - CCS", "clients_ccs", Whole()),
    Field("Quantidade de clientes - SCR", "clients_scr", Whole()),
)


def ranking_files(catalogue: Any) -> Iterator[ListedFile]:
    """Yield the quarterly files on banks and financing companies; some listed periods have no such file."""
    for year in catalogue["anos"]:
        for series in year["periodicidades"]:
            for period in series["periodos"] if series["periodicidade"] == PERIODICITY else ():
                if any(kind["tipo"] == KIND for kind in period["tipos"]):
                    yield _ranking_file(str(year["ano"]), str(period["periodo"]))


def _ranking_file(year: str, quarter: str) -> ListedFile:
    params = {"ano": year, "periodicidade": PERIODICITY, "periodo": quarter, "tipo": KIND}
    return ListedFile({"year": year, "quarter": quarter}, f"{RANKING}/arquivo", params)


def last_month(request: Mapping[str, str]) -> str:
    """Return the last month, ``YYYYMM``, of the quarter in the request for a ranking file."""
    return f"{request['year']}{int(request['quarter']) * 3:02d}"


complaints = CsvSource(
    name="complaints",
    doc="Ranking of institutions by complaints: one row per institution and quarter",
    entity="complaints",
    origin=Catalogue(RANKING, ranking_files, "anos[].periodicidades[].periodos[].tipos[].tipo"),
    columns=(
        Column("year", "int", "Year of the ranking"),
        Column("quarter", "int", "Quarter of the ranking, 1 to 4"),
        Column("size_group", "string", "top: the group of the largest institutions by clients; secondary: the others"),
        Column("kind", "string", "conglomerate or bank (a bank or financing company on its own)"),
        Column("cnpj_root", "string", "First 8 digits of the CNPJ; NULL for conglomerates"),
        Column("institution_name", "string", "Name as published"),
        Column("published_index", "decimal(18,2)", "Upheld complaints per million clients, cut to 2 decimals"),
        Column("upheld", "bigint", "Regulated complaints that were upheld"),
        Column("other", "bigint", "Other regulated complaints; NULL from 2024T2 on"),
        Column("unregulated", "bigint", "Complaints outside regulation; NULL from 2024T2 on"),
        Column("total", "bigint", "All complaints; from 2024T2 on those that were answered"),
        Column("extrapolated_upheld", "bigint", "Upheld, extrapolated from those analysed; NULL before 2024T2"),
        Column("analysed", "bigint", "Complaints that were analysed; NULL before 2024T2"),
        Column("clients", "bigint", "Clients in the registers CCS and SCR, each counted once"),
        Column("clients_ccs", "bigint", "Clients in CCS, the register of accounts"),
        Column("clients_scr", "bigint", "Clients in SCR, the register of credit"),
        Column("method", "string", "A: layout and method until 2024T1; B: from 2024T2 on"),
    ),
    layouts=(
        Layout(
            "A",
            (
                *_KEY_FIELDS,
                Field("Quantidade de reclamações reguladas procedentes", "upheld", Whole(), required=True),
                Field("Quantidade de reclamações reguladas - outras", "other", Whole(), required=True),
                Field("Quantidade de reclamações não reguladas", "unregulated", Whole(), required=True),
                Field("Quantidade total de reclamações", "total", Whole(), required=True),
                *_CLIENT_FIELDS,
            ),
            constants={"method": "A"},
        ),
        Layout(
            "B",
            (
                *_KEY_FIELDS,
                Field("Quantidade total de reclamações respondidas", "total", Whole(), required=True),
                Field("Quantidade de reclamações procedentes", "upheld", Whole(), required=True),
                Field("Quantidade de reclamações procedentes extrapoladas", "extrapolated_upheld", Whole()),
                Field("Quantidade total de reclamações analisadas", "analysed", Whole()),
                *_CLIENT_FIELDS,
            ),
            constants={"method": "B"},
        ),
    ),
    from_request=(FromRequest("year", "year", match=True), FromRequest("quarter", "quarter", match=True)),
    partition_by=("year", "quarter"),
    sort_by=("institution_name",),
    also=(Delimited(";", quote='"'), Delimited(",", quote='"')),
    null_words=("NULL",),
    lost="\u00ff",
    checks=(
        between("total", 0),
        between("upheld", 0),
        expression(
            "a bank has a CNPJ, a conglomerate has none",
            "(kind = 'bank') = (cnpj_root IS NOT NULL)",
            "kind",
            "cnpj_root",
            bad={"kind": "bank"},
        ),
        expression(
            "total = upheld + other + unregulated",
            "method = 'B' OR total = upheld + other + unregulated",
            "total",
            "upheld",
            "other",
            "unregulated",
            "method",
            bad={"total": 3, "upheld": 1, "other": 1, "unregulated": 0, "method": "A"},
        ),
    ),
    run_parameters=(quarters,),
    # One file per quarter, published at most six weeks late.
    freshness=Freshness(news_within=timedelta(days=92 + 43)),
)
