"""Queries that a world of data must answer for the mirror to serve it."""

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
    """The data behind the services, without any of their state. Equal worlds answer with equal bytes."""

    def quarters(self) -> Sequence[Quarter]:
        """The quarters to list from the start, in order, the unpublished ones among them too."""

    def quarter_after(self, quarter: Quarter) -> Quarter | None:
        """The quarter that is published next, or None where the data ends."""

    def ranking(self, quarter: Quarter) -> bytes | None:
        """The file of a quarter, or None where it was never published."""

    def fees(self, person: str, cnpj: str) -> Sequence[Record]:
        """Records of FEE_FIELDS of one institution; ``person`` is F or J. Empty where it has none or is unknown."""

    def groups(self) -> Sequence[Record]:
        """The consolidated groups: Codigo, Nome."""

    def members(self, group: str) -> Sequence[Record]:
        """The members of a group: Cnpj, Nome. Empty where the group is unknown."""

    def segmentation(self) -> bytes | None:
        """The prudential segmentation list (TSV), or None."""

    def register(self, year_month: str) -> Sequence[Record]:
        """Records of REGISTER_FIELDS as of a month (YYYYMM)."""
