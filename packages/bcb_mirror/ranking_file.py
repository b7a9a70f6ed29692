"""The bytes of one quarter of the complaints ranking, in the Central Bank's layouts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bcb_mirror.quarters import METHOD_BREAK, Quarter

ENCODING = "cp1252"
CONGLOMERATE = "Conglomerado"
BANK = "Banco/financeira"
BLANK = " "

_IDENTITY = ("Ano", "Trimestre", "Categoria", "Tipo", "CNPJ IF", "Instituição financeira", "Índice")
_CLIENTS = (
    "Quantidade total de clientes – CCS e SCR",  # noqa: RUF001
    "Quantidade de clientes – CCS",  # noqa: RUF001
    "Quantidade de clientes – SCR",  # noqa: RUF001
)
HEADER_A = (
    *_IDENTITY,
    "Quantidade de reclamações reguladas procedentes",
    "Quantidade de reclamações reguladas - outras",
    "Quantidade de reclamações não reguladas",
    "Quantidade total de reclamações",
    *_CLIENTS,
)
HEADER_B = (
    *_IDENTITY,
    "Quantidade total de reclamações respondidas",
    "Quantidade de reclamações procedentes",
    "Quantidade de reclamações procedentes extrapoladas",
    "Quantidade total de reclamações analisadas",
    *_CLIENTS,
)
# The real file of this quarter differs: CRLF, no closing separator, no leading zeros of a CNPJ, `21,8` for `21,80`.
ODD_QUARTER = Quarter(2020, 1)


@dataclass(frozen=True)
class Dialect:
    """Form of a quarter's file: its ``header``, the ``closing`` of every line, padding of the CNPJ."""

    header: tuple[str, ...]
    closing: str
    padded: bool = True


def dialect_of(quarter: Quarter) -> Dialect:
    """Return the form of the file of ``quarter``: layout A until 2024T1, layout B from 2024T2."""
    if quarter >= METHOD_BREAK:
        return Dialect(HEADER_B, "\r\n")
    if quarter == ODD_QUARTER:
        return Dialect(HEADER_A, "\r\n", padded=False)
    return Dialect(HEADER_A, ";\n")


@dataclass(frozen=True)
class RankingRow:
    """One institution in one quarter.

    ``cnpj`` is None for a conglomerate. ``index`` is in hundredths of upheld complaints per million clients. ``counts``
    are, before 2024T2, upheld, other, unregulated, total; from then on answered, upheld, upheld extrapolated, analysed.
    ``clients`` are total, CCS, SCR. None is written as a blank.
    """

    top: bool
    cnpj: str | None
    name: str
    index: int | None
    counts: tuple[int, int, int, int]
    clients: tuple[int | None, int | None, int | None]


def encode(quarter: Quarter, rows: Iterable[RankingRow]) -> bytes:
    """Return the file of ``quarter`` with the same bytes that the service would publish for these rows."""
    dialect = dialect_of(quarter)
    lines = [";".join(dialect.header), *(";".join(_fields(quarter, row, dialect.padded)) for row in rows)]
    return "".join(line + dialect.closing for line in lines).encode(ENCODING)


def _fields(quarter: Quarter, row: RankingRow, padded: bool) -> list[str]:
    cnpj = row.cnpj if padded or row.cnpj is None else str(int(row.cnpj))
    return [
        str(quarter.year),
        f"{quarter.number}º",
        category(quarter, row.top),
        BANK if row.cnpj else CONGLOMERATE,
        cnpj or BLANK,
        row.name,
        BLANK if row.index is None else index_text(quarter, row.index),
        *map(str, row.counts),
        *(BLANK if number is None else str(number) for number in row.clients),
    ]


def category(quarter: Quarter, top: bool) -> str:
    """Return the wording of the size group, which the Central Bank changed three times."""
    if quarter <= Quarter(2020, 3):
        return f"{'Mais' if top else 'Menos'} de quatro milhões de clientes"
    if quarter <= Quarter(2021, 1):
        return "Top 10" if top else "Grupo Secundário"
    if quarter <= Quarter(2021, 3):
        return "Top 10 - Bancos e Financeiras" if top else "Demais bancos e financeiras"
    if top:
        return "Top 15 - Bancos, Financeiras e Instituições de Pagamento"
    return "Demais Bancos, Financeiras e Instituições de Pagamento"


def index_of(upheld: int, clients: int) -> int:
    """Return hundredths of upheld complaints per million clients, truncated as the Central Bank does."""
    return upheld * 100_000_000 // clients


def index_text(quarter: Quarter, hundredths: int) -> str:
    """Format ``141617`` as ``1.416,17``; zero is written between blanks, and the odd quarter drops zeros at the end."""
    text = f"{hundredths // 100:,}".replace(",", ".") + f",{hundredths % 100:02d}"
    if quarter == ODD_QUARTER:
        return text.rstrip("0").rstrip(",")
    return text if hundredths else " 0 "
