"""Extractor of files listed in a catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from estrela.errors import SourceChangedError
from estrela.etl.extractors.http_extractor import HttpExtractor
from estrela.etl.extractors.raw_extractor import Wanted
from estrela.etl.raw.layer import Arrival
from estrela.etl.raw.raw_file import RawAnswer
from estrela.etl.raw.request_id import request_id
from estrela.hooks.request import Request
from estrela.model.origin import Catalogue, ListedFile


@dataclass(frozen=True)
class CatalogueExtractor(HttpExtractor):
    """Extracts a source whose origin is a Catalogue. The raw layer stores the catalogue as ``<source>_catalogue``."""

    def wanted(self, known: Mapping[str, RawAnswer]) -> Wanted[Request]:
        """Return a request per listed file. Raises SourceChangedError if the catalogue has an unexpected shape."""
        origin = self.source.origin
        assert isinstance(origin, Catalogue)
        answer = self.hook.get(self.hook.request(origin.url))
        arrival = Arrival({}, 0, answer.url, answer.body.read(), answer.fetched_at)
        self.raw.write(f"{self.source.name}_catalogue", [arrival])
        document = answer.json(self.source.name)
        try:
            files = {request_id(file.request): file for file in origin.files(document)}
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            received = f"a document of another shape ({type(error).__name__}: {error})"
            raise SourceChangedError(self.source.name, answer.url, expected=origin.shape, received=received) from error
        return Wanted([self._request(files[name]) for name in sorted(files)])

    def _request(self, file: ListedFile) -> Request:
        return self.hook.request(file.url, file.params, file.request)
