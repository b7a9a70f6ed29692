"""The complaints ranking over HTTP: its layouts, its quirks, and files published while it serves."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from bcb_mirror.folder_world import FolderWorld
from bcb_mirror.serving import Serving, serving

QUARTER = {"ano": "2020", "periodicidade": "TRIMESTRAL", "periodo": "2", "tipo": "Bancos e financeiras"}
# Counts in the unchanged files: rows, upheld, other, unregulated, total.
REAL_TOTALS = {
    "2020T1": (104, 14361, 23301, 21787, 59449),
    "2020T2": (111, 15758, 29580, 39461, 84799),
    "2020T3": (112, 23926, 36152, 35109, 95187),
    "2020T4": (101, 30780, 29864, 35315, 95959),
    "2021T1": (105, 26700, 27332, 17375, 71407),
    "2021T2": (111, 23145, 27802, 19345, 70292),
    "2021T3": (113, 19276, 28666, 18558, 66500),
    "2021T4": (135, 18681, 27192, 14441, 60314),
}


def fetch(mirror: Serving, quarter: str = "2020T2", **changed: str) -> requests.Response:
    year, number = quarter.split("T")
    query = QUARTER | {"ano": year, "periodo": number} | changed
    return requests.get(f"{mirror.ranking_url}/arquivo", params=query, timeout=10)


def listed(mirror: Serving) -> dict[str, list[dict[str, str]]]:
    """Return the entries of the catalogue by quarter."""
    years = requests.get(mirror.ranking_url, timeout=10).json()["anos"]
    return {
        f"{year['ano']}T{period['periodo']}": period["tipos"]
        for year in years
        for each in year["periodicidades"]
        if each["periodicidade"] == "TRIMESTRAL"
        for period in each["periodos"]
    }


def test_the_catalogue_has_the_services_shape(mirror: Serving) -> None:
    answer = requests.get(mirror.ranking_url, timeout=10)
    assert answer.headers["Content-Type"] == "application/json"
    years = {year["ano"]: year["periodicidades"] for year in answer.json()["anos"]}
    assert list(years) == ["2024", "2023", "2022", "2021", "2020", "2016", "2015"]
    assert years["2024"] == [
        {
            "periodicidade": "TRIMESTRAL",
            "periodos": [{"periodo": n, "tipos": [{"tipo": "Bancos e financeiras"}]} for n in (3, 2, 1)],
        },
        {
            "periodicidade": "SEMESTRAL",
            "periodos": [{"periodo": n, "tipos": [{"tipo": "Consorcios"}]} for n in (2, 1)],
        },
    ]
    assert [each["periodicidade"] for each in years["2016"]] == ["BIMESTRAL"]
    assert listed(mirror)["2022T2"] == []


def test_the_file_is_windows_1252_under_a_header_that_claims_utf_8(mirror: Serving) -> None:
    answers = [fetch(mirror, quarter) for quarter in ("2020T2", "2024T2")]
    for answer in answers:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/csv;charset=UTF-8"
        assert answer.content.count(b"\x96") == 3
        with pytest.raises(UnicodeDecodeError):
            answer.content.decode("utf-8")
    assert len({answer.headers["Content-Disposition"] for answer in answers}) == 1


@pytest.mark.parametrize("quarter", ["2022T2", "2019T4", "2024T4", "1999T1"])
def test_a_quarter_that_is_not_published_is_204(mirror: Serving, quarter: str) -> None:
    answer = fetch(mirror, quarter)
    assert (answer.status_code, answer.content) == (204, b"")


def test_rankings_that_are_listed_and_not_mirrored_are_204(mirror: Serving) -> None:
    assert fetch(mirror, periodicidade="SEMESTRAL", tipo="Consorcios").status_code == 204
    assert fetch(mirror, "2016T2", periodicidade="BIMESTRAL").status_code == 204


@pytest.mark.parametrize(
    ("name", "value"),
    [("ano", "20"), ("ano", ""), ("periodicidade", "ANUAL"), ("periodo", "5"), ("periodo", "x"), ("tipo", "2")],
)
def test_a_bad_parameter_is_400_and_named(mirror: Serving, name: str, value: str) -> None:
    answer = fetch(mirror, **{name: value})
    assert (answer.status_code, answer.json()) == (400, {"codigo": 400, "mensagem": f"Parâmetro inválido: {name}"})


def test_the_next_quarter_is_published_on_request(mirror: Serving) -> None:
    assert fetch(mirror, "2024T4").status_code == 204
    answer = requests.post(f"{mirror.url}/_mirror/publish-next", timeout=10)
    assert answer.json()["quarters"][-1] == "2024T4"
    assert "2024T4" in listed(mirror)
    assert fetch(mirror, "2024T4").status_code == 200


@pytest.mark.parametrize("quarter", ["2020T1", "2021T3", "2024T3"])
def test_a_corrected_file_has_other_numbers_that_still_agree(mirror: Serving, quarter: str) -> None:
    before = fetch(mirror, quarter).content
    requests.post(f"{mirror.url}/_mirror/correct", json={"quarter": quarter, "seed": 1}, timeout=10).raise_for_status()
    after = fetch(mirror, quarter).content
    requests.post(f"{mirror.url}/_mirror/correct", json={"quarter": quarter, "seed": 2}, timeout=10).raise_for_status()
    assert len({before, after, fetch(mirror, quarter).content}) == 3
    changed = [pair for pair in zip(before.split(b"\n"), after.split(b"\n"), strict=True) if pair[0] != pair[1]]
    assert len(changed) == 5
    if quarter != "2024T3":
        for _, line in changed:
            numbers = [int(field) for field in line.split(b";")[7:11]]
            assert sum(numbers[:3]) == numbers[3]
    requests.post(f"{mirror.url}/_mirror/restore", json={"quarter": quarter}, timeout=10).raise_for_status()
    assert fetch(mirror, quarter).content == before


def test_a_withheld_quarter_is_listed_and_204(mirror: Serving) -> None:
    requests.post(f"{mirror.url}/_mirror/withhold", json={"quarter": "2023T1"}, timeout=10).raise_for_status()
    assert listed(mirror)["2023T1"] == [{"tipo": "Bancos e financeiras"}]
    assert fetch(mirror, "2023T1").status_code == 204


def test_a_control_request_says_what_is_wrong(mirror: Serving) -> None:
    answer = requests.post(f"{mirror.url}/_mirror/correct", json={"quarter": "2022T2"}, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("2022T2 is not published; published are 2020T1, 2020T2")
    answer = requests.post(f"{mirror.url}/_mirror/correct", json={"quarter": "2020-1"}, timeout=10)
    assert answer.json()["error"] == "quarter '2020-1' is not of the form 2020T1, with a quarter from 1 to 4"
    answer = requests.post(f"{mirror.url}/_mirror/damage", json={"quarter": "2020T1"}, timeout=10)
    assert answer.json()["error"] == "the body must be a JSON object with the text 'kind'"
    assert requests.get(f"{mirror.url}/_mirror/nothing", timeout=10).status_code == 404


def test_the_real_quarters_come_back_byte_for_byte(real_data: Path) -> None:
    with serving(FolderWorld(real_data)) as mirror:
        assert [quarter for quarter, types in listed(mirror).items() if not types] == ["2022T2"]
        assert fetch(mirror, "2022T2").status_code == 204
        for quarter, totals in REAL_TOTALS.items():
            content = fetch(mirror, quarter).content
            assert content == (real_data / "complaints" / f"reclamacoes_{quarter}.csv").read_bytes()
            rows = [line.split(";") for line in content.decode("cp1252").splitlines()[1:]]
            sums = [sum(int(row[column]) for row in rows) for column in (7, 8, 9, 10)]
            assert (len(rows), *sums) == totals
