"""Where a source comes from: what the extractors ask for, and in which words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from estrela.errors import DefinitionError

if TYPE_CHECKING:
    from estrela.model.source import Source


@dataclass(frozen=True)
class Download:
    """One file at a fixed address. Its request is empty."""

    url: str


@dataclass(frozen=True)
class CataloguedDownload:
    """Files of periods, of which a JSON catalogue says which exist.

    The catalogue holds ``anos[].ano``, ``.periodicidades[].periodicidade``, ``.periodos[].periodo`` and
    ``.tipos[].tipo``; the file is asked for with ano, periodicidade, periodo, tipo. 204 means "not published".
    A request is ``{"year": "2021", "quarter": "4"}``.
    """

    catalogue_url: str
    file_url: str
    periodicity: str
    kind: str


@dataclass(frozen=True)
class Parameter:
    """A parameter of an OData function.

    ``key`` names it in the request that the raw layer keeps. Its values are either given (``values``) or those of
    ``(source, column)`` pairs, ``each``, found in what was received from these sources so far, or the last months
    (``YYYYMM``) of the quarters received from ``months_of``.
    """

    name: str
    key: str
    values: tuple[str, ...] = ()
    each: tuple[tuple[Source, str], ...] = ()
    months_of: Source | None = None

    def __post_init__(self) -> None:
        if sum((bool(self.values), bool(self.each), self.months_of is not None)) != 1:
            raise DefinitionError(f"Parameter({self.name!r})", "needs exactly one of values, each and months_of")
        for source, column in self.each:
            known = [one.name for one in source.columns]
            if column not in known:
                raise DefinitionError(
                    f"Parameter({self.name!r})", f"{source.name} has no column {column!r} to take values from", known
                )

    @property
    def needs(self) -> tuple[Source, ...]:
        """The sources that tell the values."""
        told = tuple(source for source, _ in self.each)
        return told if self.months_of is None else (*told, self.months_of)


@dataclass(frozen=True)
class OData:
    """An OData resource below ``url``: a set, or a function of ``parameters``; paged with $top and $skip.

    ``quoted`` says whether parameter values stand in quotes. ``optional`` sources may fail without failing the run.
    A request whose answer was empty is asked again once in ``recheck_empty_days`` days, others on each run.
    """

    url: str
    resource: str
    parameters: tuple[Parameter, ...] = ()
    page_size: int = 100
    quoted: bool = True
    optional: bool = False
    recheck_empty_days: int = 1

    def __post_init__(self) -> None:
        if self.recheck_empty_days < 1:
            days = self.recheck_empty_days
            raise DefinitionError(f"OData({self.resource!r})", f"recheck_empty_days={days} is not 1 or more")


Origin = Download | CataloguedDownload | OData
