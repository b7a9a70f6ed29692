"""The institution lists of a synthetic world: segmentation, consolidated groups, the register."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from random import Random

from bcb_mirror.institutions import Institution, Other
from bcb_mirror.world import Record

GROUPS = {
    "01": "Bancos privados",
    "02": "Bancos públicos + Caixa Econômica Federal",
    "03": "Bancos privados + Bancos públicos + Caixa Econômica Federal",
    "04": "Cooperativas de Crédito",
    "05": "Bancos de Desenvolvimento e Investimento",
    "06": "Agências de Fomento e Companhias Hipotecaria",
    "07": "Sociedades de Crédito, Financiamento e Investimento (CFI)",
    "08": "Sociedades de Arrendamento Mercantil",
    "09": "Sociedades Distribuidoras...",
    "10": "Associações de poupança e empréstimos e sociedades de crédito Imobiliário",
    "11": "Consolidado Geral",
}
_PRUDENTIAL = " - PRUDENCIAL"
_SUFFIX = " (conglomerado)"


def segmentation(seed: int, institutions: Sequence[Institution], others: Sequence[Other]) -> bytes:
    """Return the TSV ``Segmento, CNPJ, Nome``: CRLF, roots without leading zeros, accents lost, some roots twice."""
    random = Random(f"{seed}:segmentation")  # noqa: S311
    lines = [line for each in institutions for line in _segment_lines(random, each, len(institutions))]
    for other in others:
        segment = "S5" if random.random() < 0.8 else "S4"
        lines.append((segment, other.cnpj, other.legal_name))
    lines.sort(key=lambda line: (line[0], line[2]))
    text = "".join(f"{segment}\t{int(cnpj)}\t{name}\r\n" for segment, cnpj, name in lines)
    return ("Segmento\tCNPJ\tNome\r\n" + re.sub(r"[^\x00-\x7f]", "\N{REPLACEMENT CHARACTER}", text)).encode()


def _segment_lines(random: Random, each: Institution, count: int) -> Iterator[tuple[str, str, str]]:
    shown = each.appearances[0]
    segment = _segment(each.rank / count)
    if not shown.conglomerate:
        if random.random() < 0.64:
            yield segment, each.cnpj, each.legal_name
        return
    # Half of the consolidated names are those of the ranking; the others must be matched in another way.
    plain = shown.name.removesuffix(_SUFFIX)
    yield segment, each.cnpj, (plain if random.random() < 0.47 else each.legal_name) + _PRUDENTIAL
    if random.random() < 0.12:
        yield segment, each.cnpj, each.legal_name


def _segment(place: float) -> str:
    return "S1" if place < 0.05 else "S2" if place < 0.1 else "S3" if place < 0.35 else "S4"


def memberships(institutions: Sequence[Institution], others: Sequence[Other]) -> Iterator[tuple[str, str, str]]:
    """Yield CNPJ (8 digits), name and group: every institution is in group 11 and in one or two others."""
    for each in institutions:
        for group in (*_groups_of(each), "11"):
            yield each.cnpj, each.legal_name, group
    for other in others:
        for group in (other.group, "11"):
            yield other.cnpj, other.legal_name, group


def _groups_of(each: Institution) -> tuple[str, ...]:
    if each.public:
        return ("02", "03")
    if each.legal_name.startswith("BANCO "):
        return ("01", "03")
    return () if each.payment else ("07",)


def register(institutions: Sequence[Institution], others: Sequence[Other], year_month: str) -> list[Record]:
    """Return one record per institution; a conglomerate has a code, and the institution itself as its leader."""
    ranked = [_registered(each.cnpj, each.legal_name, year_month, _code(each)) for each in institutions]
    return ranked + [_registered(other.cnpj, other.legal_name, year_month, None) for other in others]


def _code(each: Institution) -> int | None:
    return each.rank + 80_000 if any(shown.conglomerate for shown in each.appearances) else None


def _registered(cnpj: str, name: str, year_month: str, code: int | None) -> Record:
    return {
        "CodInst": cnpj,
        "Data": year_month,
        "NomeInstituicao": name,
        "CodConglomeradoFinanceiro": None if code is None else f"C00{code - 30_000}",
        "CodConglomeradoPrudencial": None if code is None else f"C00{code}",
        "CnpjInstituicaoLider": cnpj,
        "Situacao": "A",
    }
