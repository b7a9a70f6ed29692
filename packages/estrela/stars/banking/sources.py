"""The sources of the banking star: open data of Banco Central do Brasil."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from estrela.model import (
    ApiSource,
    Catalogue,
    Column,
    CsvSource,
    Date,
    Delimited,
    Digits,
    Download,
    Field,
    FromRequest,
    Layout,
    ListedFile,
    Number,
    OData,
    ODataPages,
    Ordinal,
    Parameter,
    Prefix,
    RunParameter,
    Text,
    Tolerance,
    Whole,
    between,
    expression,
    not_null,
    one_of,
)

RANKING = "https://www3.bcb.gov.br/rdrweb/rest/ext/ranking"
OLINDA = "https://olinda.bcb.gov.br/olinda/servico"
FEES = f"{OLINDA}/Informes_ListaTarifasPorInstituicaoFinanceira/versao/v1/odata"
IFDATA = f"{OLINDA}/IFDATA/versao/v1/odata"
PERIODICITY = "TRIMESTRAL"
KIND = "Bancos e financeiras"
SEGMENTS = ("S1", "S2", "S3", "S4", "S5")
SIZE_GROUPS = {
    "Mais de quatro milh": "top",
    "Top ": "top",
    "Menos de quatro milh": "secondary",
    "Grupo Secund": "secondary",
    "Demais ": "secondary",
}
quarters = RunParameter(
    "quarters",
    "Quarters of the complaints ranking to extract; empty: all that are published",
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
    """Yield the quarterly files on banks and financing companies: a period can be listed without one."""
    for year in catalogue["anos"]:
        for series in year["periodicidades"]:
            for period in series["periodos"] if series["periodicidade"] == PERIODICITY else ():
                if any(kind["tipo"] == KIND for kind in period["tipos"]):
                    yield _ranking_file(str(year["ano"]), str(period["periodo"]))


def _ranking_file(year: str, quarter: str) -> ListedFile:
    params = {"ano": year, "periodicidade": PERIODICITY, "periodo": quarter, "tipo": KIND}
    return ListedFile({"year": year, "quarter": quarter}, f"{RANKING}/arquivo", params)


def last_month(request: Mapping[str, str]) -> str:
    """Return the last month, ``YYYYMM``, of the quarter that a ranking file was asked for."""
    return f"{request['year']}{int(request['quarter']) * 3:02d}"


complaints = CsvSource(
    name="complaints",
    doc="Ranking of institutions by complaints: a row per institution and quarter",
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
        Column("method", "string", "A: layout and method to 2024T1; B: from 2024T2 on"),
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
)

segments = CsvSource(
    name="segments",
    doc="Prudential segmentation: the segment of each institution and conglomerate",
    entity="institutions",
    origin=Download("https://www.bcb.gov.br/content/estabilidadefinanceira/EnquadramentoInicia_v2.tsv"),
    columns=(
        Column("segment", "string", "Prudential segment, S1 (largest) to S5"),
        Column("cnpj_root", "string", "First 8 digits of the CNPJ"),
        Column("institution_name", "string", "Legal name, or '<conglomerate> - PRUDENCIAL'"),
    ),
    layouts=(
        Layout(
            "2017",
            (
                Field("Segmento", "segment", Prefix({name: name for name in SEGMENTS}), required=True),
                Field("CNPJ", "cnpj_root", Digits(8), required=True),
                Field("Nome", "institution_name", Text(collapse=True), required=True),
            ),
        ),
    ),
    delimiter="\t",
    tolerance=Tolerance(rows=0.01),
    checks=(not_null("cnpj_root"), one_of("segment", SEGMENTS)),
)

groups = ApiSource(
    name="groups",
    doc="Consolidated groups in which the Central Bank publishes fees",
    entity="institutions",
    origin=OData(FEES, "GruposConsolidados", ODataPages(order_by=("Codigo",))),
    columns=(Column("group_code", "string", "Code, 2 digits"), Column("group_name", "string", "Name")),
    layouts=(
        Layout(
            "v1",
            (
                Field("Codigo", "group_code", Digits(2), required=True),
                Field("Nome", "group_name", Text(collapse=True), True),
            ),
        ),
    ),
)

group_members = ApiSource(
    name="group_members",
    doc="Institutions of each consolidated group; one institution may stand in several",
    entity="institutions",
    origin=OData(
        FEES,
        "ListaInstituicoesDeGrupoConsolidado",
        ODataPages(order_by=("Cnpj",)),
        parameters=(Parameter("CodigoGrupoConsolidado", "group_code", each=((groups, "group_code"),)),),
    ),
    columns=(
        Column("group_code", "string", "Code of the group, 2 digits"),
        Column("cnpj_root", "string", "First 8 digits of the CNPJ"),
        Column("institution_name", "string", "Legal name"),
    ),
    layouts=(
        Layout(
            "v1",
            (
                Field("Cnpj", "cnpj_root", Digits(8), required=True),
                Field("Nome", "institution_name", Text(collapse=True), True),
            ),
        ),
    ),
    from_request=(FromRequest("group_code", "group_code"),),
    tolerance=Tolerance(rows=0.01),
)

register = ApiSource(
    name="register",
    doc="IF.data register: the prudential conglomerate of each institution and the CNPJ that leads it",
    entity="institutions",
    origin=OData(
        IFDATA,
        "IfDataCadastro",
        ODataPages(10_000, order_by=("CodInst",)),
        parameters=(Parameter("AnoMes", "year_month", requests_of=complaints, value=last_month),),
        quoted=False,
        optional=True,
    ),
    columns=(
        Column("year_month", "string", "Month of the register, YYYYMM"),
        Column("institution_code", "string", "CNPJ root, or the code of a conglomerate"),
        Column("institution_name", "string", "Name"),
        Column("conglomerate_code", "string", "Code of the prudential conglomerate"),
        Column("lead_cnpj_root", "string", "First 8 digits of the CNPJ of the institution that leads it"),
    ),
    layouts=(
        Layout(
            "v1",
            (
                Field("CodInst", "institution_code", Text(collapse=True), required=True),
                Field("NomeInstituicao", "institution_name", Text(collapse=True), required=True),
                Field("CodConglomeradoPrudencial", "conglomerate_code", Text(collapse=True)),
                Field("CnpjInstituicaoLider", "lead_cnpj_root", Digits(8)),
            ),
        ),
    ),
    from_request=(FromRequest("year_month", "year_month"),),
    partition_by=("year_month",),
    tolerance=Tolerance(rows=0.01),
)

fees = ApiSource(
    name="fees",
    doc="Fee ceilings of every institution for natural (F) and legal (J) persons; only today's, so dated when taken",
    entity="fees",
    origin=OData(
        FEES,
        "ListaTarifasPorInstituicaoFinanceira",
        ODataPages(order_by=("CodigoServico",)),
        parameters=(
            Parameter("PessoaFisicaOuJuridica", "person_type", values=("F", "J")),
            Parameter(
                "CNPJ",
                "cnpj",
                each=((complaints, "cnpj_root"), (segments, "cnpj_root"), (group_members, "cnpj_root")),
            ),
        ),
        # Most institutions of the lists publish no fees.
        recheck_empty_days=7,
    ),
    columns=(
        Column("cnpj_root", "string", "First 8 digits of the institution's CNPJ"),
        Column("person_type", "string", "F: natural persons; J: legal persons"),
        Column("snapshot_date", "date", "Day on which the answer was received in this form"),
        Column("service_code", "string", "Code of the service, 4 digits; the first two are its group"),
        Column("service_name", "string", "Name of the service"),
        Column("unit", "string", "What the fee is charged for"),
        Column("in_force_since", "date", "Day from which the fee holds"),
        Column("ceiling", "decimal(18,2)", "Highest fee: BRL, or percent where value_type says so"),
        Column("value_type", "string", "amount (BRL) or percentage"),
        Column("periodicity", "string", "How often it may be charged"),
    ),
    layouts=(
        Layout(
            "v1",
            (
                Field("CodigoServico", "service_code", Digits(4), required=True),
                Field("Servico", "service_name", Text(collapse=True), required=True),
                Field("Unidade", "unit", Text(collapse=True)),
                Field("DataVigencia", "in_force_since", Date()),
                Field("ValorMaximo", "ceiling", Number("."), required=True),
                Field("TipoValor", "value_type", Prefix({"Real": "amount", "Percentual": "percentage"}), required=True),
                Field("Periodicidade", "periodicity", Text(collapse=True)),
            ),
        ),
    ),
    from_request=(
        FromRequest("cnpj", "cnpj_root"),
        FromRequest("person_type", "person_type"),
        FromRequest("fetched_on", "snapshot_date"),
    ),
    partition_by=("snapshot_date",),
    sort_by=("cnpj_root", "service_code"),
    snapshots=True,
    tolerance=Tolerance(requests=0.01, rows=0.01),
    checks=(between("ceiling", 0), one_of("person_type", ("F", "J"))),
)

current_fees = replace(
    fees,
    name="current_fees",
    doc="Fee ceilings of each institution as of its newest answer; none where that is empty",
    partition_by=("person_type",),
    snapshots=False,
    received_with=fees,
)
