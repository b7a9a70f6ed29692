"""Files of periods, as far as a catalogue says that they exist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from estrela.errors import SourceChangedError
from estrela.etl.extractors.extractor import Extractor
from estrela.etl.raw.layer import Arrival
from estrela.hooks.answer import Answer
from estrela.hooks.request import Request
from estrela.model.origin import CataloguedDownload


@dataclass(frozen=True)
class CatalogueExtractor(Extractor):
    """Extracts a source whose origin is a CataloguedDownload; raw keeps the catalogue as ``<source>_catalogue``."""

    def requests(self) -> Sequence[Request]:
        """A request per quarter that the catalogue lists with a file of the declared kind."""
        origin = self.source.origin
        assert isinstance(origin, CataloguedDownload)
        answer = self.hook.get(Request(urlsplit(origin.catalogue_url).path))
        self.raw.write(f"{self.source.name}_catalogue", [Arrival({}, 0, answer.url, answer.body, answer.fetched_at)])
        listed = _listed(self.source.name, answer, origin)
        wanted = [self._request(origin, *period) for period in listed]
        return [request for request in wanted if self.scope.holds(self.source, request.asked)]

    def _request(self, origin: CataloguedDownload, year: str, quarter: str) -> Request:
        period = {"ano": year, "periodicidade": origin.periodicity, "periodo": quarter, "tipo": origin.kind}
        return Request(urlsplit(origin.file_url).path, period, {"year": year, "quarter": quarter})


def _listed(source: str, answer: Answer, origin: CataloguedDownload) -> list[tuple[str, str]]:
    """Year and period of each file; raises SourceChangedError if the catalogue has another shape."""
    catalogue: Any = answer.json(source)
    try:
        return sorted(set(_periods(catalogue, origin)))
    except (KeyError, TypeError, AttributeError) as error:
        expected = "anos[].periodicidades[].periodos[].tipos[].tipo"
        raise SourceChangedError(source, answer.url, expected=expected, found=f"no such thing ({error})") from error


def _periods(catalogue: Any, origin: CataloguedDownload) -> Iterator[tuple[str, str]]:
    for year in catalogue["anos"]:
        for series in year["periodicidades"]:
            for period in series["periodos"] if series["periodicidade"] == origin.periodicity else ():
                if any(kind["tipo"] == origin.kind for kind in period["tipos"]):
                    yield str(year["ano"]), str(period["periodo"])
