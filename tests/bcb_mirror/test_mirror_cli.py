"""The command line, as a user types it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from bcb_mirror.cli import main
from bcb_mirror.errors import DataFolderError, PortTakenError
from bcb_mirror.folder_world import FolderWorld
from bcb_mirror.serving import serving
from bcb_mirror.synthetic_world import SyntheticWorld


@contextmanager
def started(*options: str) -> Iterator[str]:
    """Start ``bcb-mirror serve`` in its own process and yield its base URL; after Ctrl-C it must exit
    without an error.
    """
    command = [sys.executable, "-m", "bcb_mirror", "serve", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().split()[-1]
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0


def test_serve_answers_until_ctrl_c() -> None:
    fault = json.dumps({"kind": "status", "count": 1})
    with started("--institutions", "30", "--from", "2021T1", "--to", "2021T4", "--seed", "5", "--fault", fault) as url:
        assert requests.get(f"{url}/rdrweb/rest/ext/ranking", timeout=10).status_code == 503
        years = requests.get(f"{url}/rdrweb/rest/ext/ranking", timeout=10).json()["anos"]
        assert [year["ano"] for year in years] == ["2021", "2016", "2015"]
        quarters = requests.get(f"{url}/_mirror/quarters", timeout=10).json()["quarters"]
        assert quarters == ["2021T1", "2021T2", "2021T3", "2021T4"]


def test_serve_binds_the_address_that_is_asked_for() -> None:
    with started("--institutions", "30", "--from", "2021T1", "--to", "2021T1", "--host", "0.0.0.0") as url:
        assert url.startswith("http://0.0.0.0:")
        assert requests.get(f"{url}/_mirror/quarters", timeout=10).json() == {"quarters": ["2021T1"]}


def test_serve_holds_real_quarters_back(real_data: Path) -> None:
    with started("--data", str(real_data), "--until", "2021T3") as url:
        published = requests.post(f"{url}/_mirror/publish-next", timeout=10).json()["quarters"]
        assert published[-2:] == ["2021T3", "2021T4"]
        requests.post(f"{url}/_mirror/publish-next", timeout=10).raise_for_status()
        answer = requests.post(f"{url}/_mirror/publish-next", timeout=10)
        assert (answer.status_code, answer.json()) == (400, {"error": "no data exists after 2022T2"})


def test_write_says_where_the_truth_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["write", "--rows", "500", "--out", str(tmp_path / "bulk"), "--seed", "1"]) == 0
    assert json.loads(Path(capsys.readouterr().out.strip()).read_text())["rows"] == 500


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data", "nowhere"], "bcb-mirror: data folder nowhere: it is not a folder; it needs complaints/"),
        (
            ["--data", ".", "--seed", "1"],
            "bcb-mirror: --data serves real files: it does not go with the option for seed",
        ),
        (["--from", "2020"], "bcb-mirror: quarter '2020' is not of the form 2020T1, with a quarter from 1 to 4"),
        (["--until", "2019T4"], "bcb-mirror: no quarter up to 2019T4: the data begins with 2020T1"),
        (["--fault", '{"kind": "flood"}'], "bcb-mirror: fault kind 'flood' is unknown; known are status, "),
        (["--fault", "flood"], "bcb-mirror: --fault 'flood' is not JSON: Expecting value"),
    ],
)
def test_serve_says_in_one_line_what_is_wrong(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", *options]) == 1
    error = capsys.readouterr().err
    assert error.startswith(message) and error.count("\n") == 1


def test_a_taken_port_is_named(world: SyntheticWorld) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        message = f"^port {port} on 127.0.0.1 is taken by another process; stop it, or take a free port with --port 0$"
        with pytest.raises(PortTakenError, match=message), serving(world, port=port):
            pass


def test_a_folder_without_complaints_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match=f"^data folder {tmp_path}: it has no file complaints/reclamacoes_"):
        FolderWorld(tmp_path)


def test_a_broken_fee_answer_is_named_to_the_client(tmp_path: Path) -> None:
    (tmp_path / "complaints").mkdir()
    (tmp_path / "complaints" / "reclamacoes_2020T1.csv").write_bytes(b"Ano;\n2020;\n")
    (tmp_path / "fees" / "J").mkdir(parents=True)
    (tmp_path / "fees" / "J" / "12345678.json").write_text("{}")
    with serving(FolderWorld(tmp_path)) as mirror:
        call = "ListaTarifasPorInstituicaoFinanceira(PessoaFisicaOuJuridica='J',CNPJ='12345678')"
        service = "Informes_ListaTarifasPorInstituicaoFinanceira"
        answer = requests.get(f"{mirror.olinda_url}/{service}/versao/v1/odata/{call}", timeout=10)
    assert answer.status_code == 500
    assert "12345678.json is not an answer of the fees service" in answer.json()["mirror"]
