"""Extractor of a REST API, with one request per combination of its parameters' values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from urllib.parse import quote
from zlib import crc32

from estrela.etl.extractors.http_extractor import HttpExtractor
from estrela.etl.extractors.known_values import KnownValues, requests_values, values_of
from estrela.etl.extractors.raw_extractor import Wanted
from estrela.etl.raw.raw_file import RawAnswer
from estrela.etl.raw.request_id import request_id
from estrela.hooks.paginators import Paginator, paginator_of
from estrela.hooks.request import Request
from estrela.model.origin import OData, Parameter, RestApi
from estrela.model.source import ApiSource, Source


@dataclass(frozen=True)
class RestApiExtractor(HttpExtractor):
    """Extracts a source whose origin is a RestApi or OData."""

    @property
    def origin(self) -> RestApi | OData:
        """The declared API."""
        assert isinstance(self.source.origin, RestApi | OData)
        return self.source.origin

    @property
    def paginator(self) -> Paginator:
        if not isinstance(self.source, ApiSource):
            return super().paginator
        return paginator_of(self.origin.paging, self.source.records)

    @property
    def tolerated(self) -> float:
        return 1.0 if self.origin.optional else super().tolerated

    def wanted(self, known: Mapping[str, RawAnswer]) -> Wanted[Request]:
        """Return a request per combination of values, in their order."""
        domains = [self._values(parameter) for parameter in self.origin.parameters]
        combinations = product(*(domain.values for domain in domains))
        requests = [self._request(values) for values in combinations]
        return Wanted(requests, complete=all(domain.complete for domain in domains))

    def is_due(self, item: Request, known: RawAnswer | None) -> bool:
        """Return whether a request is sent today.

        An empty answer is checked again once per ``recheck_empty_days``; a hash of the request spreads the checks over
        days.
        """
        if known is None or known.records != 0 or self.origin.recheck_empty_days == 1:
            return True
        place = crc32(request_id(item.asked).encode()) + self.scope.day.toordinal()
        return place % self.origin.recheck_empty_days == 0

    def _values(self, parameter: Parameter) -> KnownValues:
        if parameter.values:
            return KnownValues(parameter.values)
        if parameter.requests_of is not None and parameter.value is not None:
            assert isinstance(parameter.requests_of, Source)
            return requests_values(self.raw, parameter.requests_of, parameter.value, self.scope)
        return values_of(self.raw, parameter.each)

    def _request(self, values: Sequence[str]) -> Request:
        origin = self.origin
        asked = {parameter.key: value for parameter, value in zip(origin.parameters, values, strict=True)}
        given = {parameter.name: value for parameter, value in zip(origin.parameters, values, strict=True)}
        url, params = _odata(origin, given) if isinstance(origin, OData) else _url_and_params(origin, given)
        return self.hook.request(url, params, asked)


def _url_and_params(origin: RestApi, given: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Return URL and query parameters. A value whose name is a placeholder in the URL is inserted there."""
    in_url = {name: value for name, value in given.items() if f"{{{name}}}" in origin.url}
    url = origin.url.format(**{name: quote(value, safe="") for name, value in in_url.items()})
    return url, {**origin.params, **{name: value for name, value in given.items() if name not in in_url}}


def _odata(origin: OData, given: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Return URL and query with OData aliases, ``resource(Name=@Name)?@Name='value'``; quotes in values are doubled."""
    aliases = ",".join(f"{name}=@{name}" for name in given)
    called = f"{origin.resource}({aliases})" if given else origin.resource
    mark = "'" if origin.quoted else ""
    literals = {f"@{name}": f"{mark}{value.replace(chr(39), chr(39) * 2)}{mark}" for name, value in given.items()}
    return f"{origin.url}/{called}", {**literals, "$format": "json"}
