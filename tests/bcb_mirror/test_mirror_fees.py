"""The OData services over HTTP, with the requests that public clients send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from bcb_mirror.folder_world import FolderWorld
from bcb_mirror.serving import Serving, serving
from bcb_mirror.synthetic_world import SyntheticWorld

FEES = "Informes_ListaTarifasPorInstituicaoFinanceira/versao/v1/odata"
VALUES = "Informes_ListaValoresDeServicoBancario/versao/v1/odata"
FEES_CALL = "ListaTarifasPorInstituicaoFinanceira(PessoaFisicaOuJuridica=@PessoaFisicaOuJuridica,CNPJ=@CNPJ)"
MEMBERS_CALL = "ListaInstituicoesDeGrupoConsolidado(CodigoGrupoConsolidado=@CodigoGrupoConsolidado)"


def get(mirror: Serving, path: str, query: str = "") -> requests.Response:
    return requests.get(f"{mirror.olinda_url}/{path}?{query}", timeout=10)


def fees(mirror: Serving, person: str, cnpj: str, options: str = "$format=json") -> list[dict[str, Any]]:
    answer = get(mirror, f"{FEES}/{FEES_CALL}", f"@PessoaFisicaOuJuridica='{person}'&@CNPJ='{cnpj}'&{options}")
    answer.raise_for_status()
    return list(answer.json()["value"])


@pytest.fixture
def bank(world: SyntheticWorld) -> str:
    """The CNPJ of the institution with the longest list of fees."""
    return max((each.cnpj for each in world.institutions), key=lambda cnpj: len(world.fees("J", cnpj)))


def test_an_answer_has_neither_the_cnpj_nor_the_person_type(mirror: Serving, bank: str) -> None:
    answer = get(mirror, f"{FEES}/{FEES_CALL}", f"@PessoaFisicaOuJuridica='J'&@CNPJ='{bank}'&$format=json").json()
    fields = "CodigoServico,Servico,Unidade,DataVigencia,ValorMaximo,TipoValor,Periodicidade"
    assert answer["@odata.context"] == (
        "https://was-p.bcnet.bcb.gov.br/olinda/servico/Informes_ListaTarifasPorInstituicaoFinanceira/versao/v1/odata"
        f"$metadata#_ListaTarifasPorInstituicaoFinanceira({fields})"
    )
    assert list(answer["value"][0]) == fields.split(",")


def test_pages_join_to_the_whole(mirror: Serving, bank: str) -> None:
    whole = fees(mirror, "J", bank)
    pages = [fees(mirror, "J", bank, f"$top=20&$skip={skip}") for skip in range(0, 80, 20)]
    assert [fee for page in pages for fee in page] == whole
    assert len(pages[-1]) < 20 < len(whole)


def test_filter_order_and_selection(mirror: Serving, bank: str) -> None:
    whole = fees(mirror, "J", bank)
    paid = fees(
        mirror, "J", bank, "$filter=ValorMaximo gt 0 and not contains(Servico,'cheque')&$orderby=ValorMaximo desc"
    )
    expected = [fee for fee in whole if fee["ValorMaximo"] > 0 and "cheque" not in fee["Servico"]]
    assert paid == sorted(expected, key=lambda fee: fee["ValorMaximo"], reverse=True)
    either = fees(
        mirror, "J", bank, "$filter=(CodigoServico eq '0101' or startswith(CodigoServico,'08'))&$select=CodigoServico"
    )
    assert either == [
        {"CodigoServico": fee["CodigoServico"]}
        for fee in whole
        if fee["CodigoServico"] == "0101" or fee["CodigoServico"].startswith("08")
    ]


@pytest.mark.parametrize("cnpj", ["99999999", "1", "abc"])
def test_an_unknown_cnpj_has_no_fees(mirror: Serving, cnpj: str) -> None:
    assert fees(mirror, "J", cnpj) == []


@pytest.mark.parametrize(
    "call",
    [
        "ListaTarifasPorInstituicaoFinanceira",
        "ListaTarifasPorInstituicaoFinanceira()",
        "ListaTarifasPorInstituicaoFinanceira(CNPJ='12345678')",
        "ListaInstituicoesDeGrupoConsolidado",
        "GruposConsolidados()",
    ],
)
def test_a_function_without_its_arguments_is_a_malformed_uri(mirror: Serving, call: str) -> None:
    answer = get(mirror, f"{FEES}/{call}", "$format=json")
    assert answer.status_code == 400
    assert answer.json() == {"error": {"code": None, "message": "The URI is malformed."}}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("$top=-1", "The system query option '$top' has the not-allowed value '-1'."),
        ("$select=Cor", "The property 'Cor', used in a query expression, is not defined."),
        ("$orderby=Cor", "The property 'Cor', used in a query expression, is not defined."),
        ("$filter=Cor eq 1", "'Cor' is not a field; allowed: Codigo, Nome"),
        ("$filter=Codigo eq", "$filter ends too early"),
        ("$filter=Codigo eq 1", "'01' and 1.0 are of different types"),
        ("$format=xml", "The mirror supports only $format=json."),
    ],
)
def test_a_bad_option_is_400_and_named(mirror: Serving, options: str, message: str) -> None:
    answer = get(mirror, f"{FEES}/GruposConsolidados", options)
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, message)


def test_an_unknown_resource_is_404(mirror: Serving) -> None:
    assert get(mirror, f"{FEES}/Tarifas").status_code == 404
    assert get(mirror, f"{VALUES}/GruposConsolidados").status_code == 404


def test_an_institution_is_in_several_groups(mirror: Serving) -> None:
    groups = get(mirror, f"{FEES}/GruposConsolidados", "$format=json").json()["value"]
    assert [group["Codigo"] for group in groups] == [f"{code:02d}" for code in range(1, 12)]
    members = {
        group["Codigo"]: {
            member["Cnpj"]
            for member in get(mirror, f"{FEES}/{MEMBERS_CALL}", f"@CodigoGrupoConsolidado='{group['Codigo']}'").json()[
                "value"
            ]
        }
        for group in groups
    }
    assert members["01"] < members["03"] and members["02"] < members["03"]
    assert all(members[code] <= members["11"] for code in members)
    assert all(len(cnpj) == 8 for cnpj in members["11"])


def test_the_values_of_a_group_are_those_of_its_members_fees(mirror: Serving) -> None:
    members = get(mirror, f"{FEES}/{MEMBERS_CALL}", "@CodigoGrupoConsolidado='02'").json()["value"]
    ceilings: dict[str, list[float]] = {}
    for member in members:
        for fee in fees(mirror, "J", member["Cnpj"]):
            ceilings.setdefault(fee["Servico"], []).append(fee["ValorMaximo"])
    call = "ListaValoresServicoBancario(PessoaFisicaOuJuridica='J',CodigoGrupoConsolidado='02')"
    values = get(mirror, f"{VALUES}/{call}", "$format=json").json()["value"]
    assert {value["NomeServico"] for value in values} == set(ceilings)
    for value in values:
        listed = ceilings[value["NomeServico"]]
        assert (value["ValorMinimo"], value["ValorMaximo"]) == (min(listed), max(listed))
        assert value["ValorMedio"] == pytest.approx(sum(listed) / len(listed), abs=0.01)


def test_the_register_answers_500_unless_it_is_turned_on(world: SyntheticWorld, mirror: Serving) -> None:
    path, query = "IFDATA/versao/v1/odata/IfDataCadastro(AnoMes=@AnoMes)", "@AnoMes=202409&$format=json"
    assert get(mirror, path, query).status_code == 500
    with serving(world, register=True) as other:
        records = get(other, path, query).json()["value"]
    assert len(records) == len(world.institutions) + len(world.others)
    assert {record["Data"] for record in records} == {"202409"}
    assert sum(record["CodConglomeradoPrudencial"] is not None for record in records) > 40


def test_the_segmentation_list_is_a_download(mirror: Serving, world: SyntheticWorld) -> None:
    answer = requests.get(mirror.segmentation_url, timeout=10)
    assert mirror.segmentation_url.endswith("/content/estabilidadefinanceira/EnquadramentoInicia_v2.tsv")
    assert answer.content == world.segmentation()


def test_real_fees_and_lists_come_back(real_data: Path) -> None:
    with serving(FolderWorld(real_data)) as mirror:
        roots = sorted(path.stem for path in (real_data / "fees" / "J").glob("*.json"))
        answers = {root: fees(mirror, "J", root) for root in roots}
        assert (len(answers), sum(map(len, answers.values()))) == (90, 1923)
        assert len({fee["CodigoServico"] for each in answers.values() for fee in each}) == 82
        assert sum(bool(each) for each in answers.values()) == 69
        stored = json.loads((real_data / "fees" / "J" / "07237373.json").read_bytes())
        assert answers["07237373"] == stored["value"]
        members = get(mirror, f"{FEES}/{MEMBERS_CALL}", "@CodigoGrupoConsolidado='02'").json()["value"]
        assert len(members) == 9
        assert len(requests.get(mirror.segmentation_url, timeout=10).content.splitlines()) == 1_475


def test_a_count_is_given_on_request_and_counts_what_the_filter_leaves(mirror: Serving, bank: str) -> None:
    call, given = f"{FEES}/{FEES_CALL}", f"@PessoaFisicaOuJuridica='J'&@CNPJ='{bank}'"
    whole = fees(mirror, "J", bank)
    counted = get(mirror, call, f"{given}&$top=1&$count=true&$filter=ValorMaximo gt 0").json()
    assert counted["@odata.count"] == sum(fee["ValorMaximo"] > 0 for fee in whole)
    assert "@odata.count" not in get(mirror, call, given).json()


def test_a_limited_page_links_to_the_next_up_to_top(mirror: Serving, bank: str) -> None:
    whole = fees(mirror, "J", bank)
    mirror.mirror.paging.longest = 6
    url, rows = f"{mirror.olinda_url}/{FEES}/{FEES_CALL}?@PessoaFisicaOuJuridica='J'&@CNPJ='{bank}'&$top=20", []
    while url:
        answer = requests.get(url, timeout=10).json()
        assert len(answer["value"]) <= 6
        rows += answer["value"]
        url = answer.get("@odata.nextLink", "")
    assert rows == whole[:20]


def test_the_order_can_change_between_answers_unless_one_is_asked_for(mirror: Serving, bank: str) -> None:
    whole = fees(mirror, "J", bank)
    mirror.mirror.paging.reordered = True
    first, second = fees(mirror, "J", bank), fees(mirror, "J", bank)
    assert first != second
    assert sorted(first, key=str) == sorted(second, key=str) == sorted(whole, key=str)
    ordered = [fees(mirror, "J", bank, "$orderby=CodigoServico") for _ in range(2)]
    assert ordered[0] == ordered[1] == sorted(whole, key=lambda fee: fee["CodigoServico"])
    mirror.mirror.paging.obeys_order = False
    assert fees(mirror, "J", bank, "$orderby=CodigoServico") != ordered[0]
