"""The lists of institutions and the fee tables: open data of Banco Central do Brasil, as sources."""

from __future__ import annotations

from dataclasses import replace

from estrela.model import (
    ApiSource,
    Column,
    CsvSource,
    Date,
    Digits,
    Download,
    Field,
    FromRequest,
    Layout,
    Number,
    OData,
    ODataPages,
    Parameter,
    Prefix,
    Text,
    Tolerance,
    between,
    not_null,
    one_of,
)
from estrela.stars.banking.ranking import complaints, last_month

OLINDA = "https://olinda.bcb.gov.br/olinda/servico"
FEES = f"{OLINDA}/Informes_ListaTarifasPorInstituicaoFinanceira/versao/v1/odata"
IFDATA = f"{OLINDA}/IFDATA/versao/v1/odata"
SEGMENTS = ("S1", "S2", "S3", "S4", "S5")

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
    doc="Institutions of each consolidated group; an institution may belong to several",
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
    doc="Fee ceilings of every institution for natural (F) and legal (J) persons, dated by the day they were received",
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
        # Most institutions in the lists publish no fees.
        recheck_empty_days=7,
    ),
    columns=(
        Column("cnpj_root", "string", "First 8 digits of the institution's CNPJ"),
        Column("person_type", "string", "F: natural persons; J: legal persons"),
        Column("snapshot_date", "date", "Day on which the answer was received in this form"),
        Column("service_code", "string", "Code of the service, 4 digits; the first two are its group"),
        Column("service_name", "string", "Name of the service"),
        Column("unit", "string", "What the fee is charged for"),
        Column("in_force_since", "date", "Day from which the fee applies"),
        Column("ceiling", "decimal(18,2)", "Highest fee, in BRL or, if value_type is percentage, in percent"),
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
    doc="Fee ceilings of each institution in its newest answer; no rows if that answer is empty",
    partition_by=("person_type",),
    snapshots=False,
    received_with=fees,
)
