"""One file at a fixed address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from estrela.etl.extractors.extractor import Extractor
from estrela.hooks.request import Request
from estrela.model.origin import Download


@dataclass(frozen=True)
class DownloadExtractor(Extractor):
    """Extracts a source whose origin is a Download."""

    def requests(self) -> Sequence[Request]:
        origin = self.source.origin
        assert isinstance(origin, Download)
        return [Request(urlsplit(origin.url).path)]
