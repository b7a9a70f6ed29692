"""A raw layer in a folder, for transforms without S3."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from estrela.etl.raw.raw_file import RawFile, current

START = datetime(2022, 7, 1, 12, tzinfo=UTC)


@dataclass
class FolderRaw:
    folder: Path
    log: dict[str, list[RawFile]] = field(default_factory=dict)
    versions: int = 0
    reads: list[str] = field(default_factory=list)

    def put(
        self, source: str, request: Mapping[str, str], body: bytes, *, at: datetime = START, page: int = 0
    ) -> RawFile:
        self.versions += 1
        sha = hashlib.sha256(body).hexdigest()
        path = self.folder / source / sha
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        file = RawFile(
            source, dict(request), page, f"https://bank/{source}", at, len(body), sha, str(path), self.versions
        )
        self.log.setdefault(source, []).append(file)
        return file

    def withdraw(self, source: str, request: Mapping[str, str], *, at: datetime = START) -> None:
        """Record that the source no longer has an answer for the request."""
        self.versions += 1
        file = RawFile(source, dict(request), 0, "", at, 0, "", "", self.versions, withdrawn=True)
        self.log.setdefault(source, []).append(file)

    def version(self, source: str) -> int:
        return max((file.version for file in self.log.get(source, [])), default=0)

    def files(self, source: str) -> list[RawFile]:
        return list(self.log.get(source, []))

    def current(self, source: str) -> list[RawFile]:
        return current(self.files(source))

    def uri(self, file: RawFile) -> str:
        self.reads.append(file.sha256)
        return Path(file.key).as_uri()

    def head(self, file: RawFile, size: int) -> bytes:
        return Path(file.key).read_bytes()[:size]


def put_complaints(raw: FolderRaw, quarters: Iterable[tuple[str, Path]]) -> None:
    """Store quarters, given as ("2020T1", file), in order of receipt."""
    for hours, (name, path) in enumerate(quarters):
        request = {"year": name[:4], "quarter": name[5]}
        raw.put("complaints", request, path.read_bytes(), at=START + timedelta(hours=hours))


def put_institutions(raw: FolderRaw, real: Path) -> None:
    """Store the lists of institutions, with the groups' members in the format of the API."""
    raw.put("segments", {}, (real / "institutions" / "EnquadramentoInicia_v2.tsv").read_bytes())
    groups = _piped(real / "institutions" / "GruposConsolidados_2023-04.csv")
    raw.put("groups", {}, json.dumps({"value": groups}).encode())
    members = _piped(real / "institutions" / "ListaInstituicoes_por_grupo_2023-04.csv")
    for code in sorted({member["Codigo"] for member in members}):
        value = [{"Cnpj": member["Cnpj"], "Nome": member["Nome"]} for member in members if member["Codigo"] == code]
        raw.put("group_members", {"group_code": code}, json.dumps({"value": value}).encode())


def put_fees(raw: FolderRaw, real: Path, person_types: str = "JF") -> None:
    for person_type in person_types:
        for path in sorted((real / "fees" / person_type).glob("*.json")):
            raw.put("fees", {"cnpj": path.stem, "person_type": person_type}, path.read_bytes())


def _piped(path: Path) -> list[dict[str, str]]:
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    return [dict(zip(header.split("|"), line.split("|"), strict=True)) for line in lines if line]


def ranking(quarter: str, **totals: int) -> bytes:
    """Return a small file of layout A: one conglomerate per name, all complaints upheld, a million clients."""
    header = (
        "Ano;Trimestre;Categoria;Tipo;CNPJ IF;Instituição financeira;Índice;"
        "Quantidade de reclamações reguladas procedentes;Quantidade de reclamações reguladas - outras;"
        "Quantidade de reclamações não reguladas;Quantidade total de reclamações;"
        "Quantidade total de clientes \u2013 CCS e SCR;Quantidade de clientes \u2013 CCS;"
        "Quantidade de clientes \u2013 SCR;"
    )
    start = f"{quarter[:4]};{quarter[5]}º;Demais bancos e financeiras;Conglomerado; "
    rows = [f"{start};{name} (conglomerado); ;{n};0;0;{n};1000000;1000000;0;" for name, n in totals.items()]
    return "\r\n".join([header, *rows, ""]).encode("cp1252")


def put_ranking(raw: FolderRaw, quarter: str, *, hours: int = 0, **totals: int) -> None:
    """Store :func:`ranking` for a quarter."""
    request = {"year": quarter[:4], "quarter": quarter[5]}
    raw.put("complaints", request, ranking(quarter, **totals), at=START + timedelta(hours=hours))


def put_fee(raw: FolderRaw, cnpj: str, ceiling: int) -> None:
    """Store one fee of an institution for legal persons."""
    fee = {
        "CodigoServico": "0101",
        "Servico": "Cadastro",
        "Unidade": "por cliente",
        "DataVigencia": "2008-04-10",
        "ValorMaximo": ceiling,
        "TipoValor": "Real",
        "Periodicidade": "Por evento",
    }
    raw.put("fees", {"cnpj": cnpj, "person_type": "J"}, json.dumps({"value": [fee]}).encode())
