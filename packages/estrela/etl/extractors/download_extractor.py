"""Extractor of one file with a fixed address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from estrela.etl.extractors.http_extractor import HttpExtractor
from estrela.etl.extractors.raw_extractor import Wanted
from estrela.etl.raw.raw_file import RawAnswer
from estrela.hooks.request import Request
from estrela.model.origin import Download


@dataclass(frozen=True)
class DownloadExtractor(HttpExtractor):
    """Extracts a source whose origin is a Download."""

    def wanted(self, known: Mapping[str, RawAnswer]) -> Wanted[Request]:
        origin = self.source.origin
        assert isinstance(origin, Download)
        return Wanted([self.hook.request(origin.url)])
