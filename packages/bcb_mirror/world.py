"""The interface of a world of data that the mirror can serve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bcb_mirror.quarters import Quarter

Record = dict[str, str | float | None]

FEE_FIELDS = (
    "CodigoServico",
    "Servico",
    "Unidade",
    "DataVigencia",
    "ValorMaximo",
    "TipoValor",
    "Periodicidade",
)
REGISTER_FIELDS = (
    "CodInst",
    "Data",
    "NomeInstituicao",
    "CodConglomeradoFinanceiro",
    "CodConglomeradoPrudencial",
    "CnpjInstituicaoLider",
    "Situacao",
)


class World(Protocol):
    """The data behind the services, without any state. Equal worlds give equal bytes."""

    def quarters(self) -> Sequence[Quarter]:
        """Return the quarters to list from the start, in order, including unpublished ones."""

    def quarter_after(self, quarter: Quarter) -> Quarter | None:
        """Return the quarter to publish next; None at the end of the data."""

    def ranking(self, quarter: Quarter) -> bytes | None:
        """Return the file of a quarter; None if it was never published."""

    def fees(self, person: str, cnpj: str) -> Sequence[Record]:
        """Return records of FEE_FIELDS of one institution; ``person`` is F or J. Empty if it has none or is unknown."""

    def groups(self) -> Sequence[Record]:
        """Return the consolidated groups: Codigo, Nome."""

    def members(self, group: str) -> Sequence[Record]:
        """Return the members of a group: Cnpj, Nome. Empty if the group is unknown."""

    def segmentation(self) -> bytes | None:
        """Return the prudential segmentation list (TSV), or None."""

    def register(self, year_month: str) -> Sequence[Record]:
        """Return records of REGISTER_FIELDS for a month (YYYYMM)."""
