"""The extractor that fits a source's origin."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from estrela.etl.extractors.catalogue_extractor import CatalogueExtractor
from estrela.etl.extractors.download_extractor import DownloadExtractor
from estrela.etl.extractors.extractor import Extractor, ExtractStep, Scope
from estrela.etl.extractors.rest_api_extractor import RestApiExtractor
from estrela.etl.raw.layer import RawLayer
from estrela.hooks.http_policy import HttpPolicy
from estrela.hooks.rest_api import RestApiHook
from estrela.model.origin import CataloguedDownload, Download, OData, Origin
from estrela.model.source import Source

EXTRACTORS: dict[type[Origin], type[Extractor]] = {
    Download: DownloadExtractor,
    CataloguedDownload: CatalogueExtractor,
    OData: RestApiExtractor,
}
PATIENT = HttpPolicy()
BRIEF = HttpPolicy(attempts=2, give_up_after=8)
"""For optional sources: one that is down for days must not hold up each day's run."""


def extract_step(
    entity: str, sources: Iterable[Source], raw: RawLayer, scope: Scope, source_host: str = ""
) -> ExtractStep:
    """The step that takes ``sources`` in, in their order; ``source_host`` replaces scheme and host of each."""
    return ExtractStep(entity, [extractor(source, raw, scope, source_host) for source in sources])


def extractor(source: Source, raw: RawLayer, scope: Scope, source_host: str = "") -> Extractor:
    """The extractor of one source, with a client of its own."""
    origin = source.origin
    is_optional = isinstance(origin, OData) and origin.optional
    hook = RestApiHook(source.name, source_host or _host(origin), policy=BRIEF if is_optional else PATIENT)
    return EXTRACTORS[type(origin)](source, hook, raw, scope)


def _host(origin: Origin) -> str:
    parts = urlsplit(origin.catalogue_url if isinstance(origin, CataloguedDownload) else origin.url)
    return f"{parts.scheme}://{parts.netloc}"
