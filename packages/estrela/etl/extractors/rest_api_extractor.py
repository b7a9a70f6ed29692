"""An OData resource: a set, or a function asked once for each combination of its parameters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from urllib.parse import urlsplit
from zlib import crc32

from estrela.etl.extractors.extractor import Extractor
from estrela.etl.extractors.known_values import months_of, values_of
from estrela.etl.raw.layer import request_id
from estrela.hooks.paginators import ODataPages, Paginator
from estrela.hooks.request import Request
from estrela.model.origin import OData, Parameter

EMPTY_SIZE = 512
"""Bytes that an answer without records does not exceed: its context URL and brackets."""


@dataclass(frozen=True)
class RestApiExtractor(Extractor):
    """Extracts a source whose origin is OData."""

    @property
    def origin(self) -> OData:
        origin = self.source.origin
        assert isinstance(origin, OData)
        return origin

    @property
    def paginator(self) -> Paginator:
        return ODataPages(self.origin.page_size)

    @property
    def tolerated(self) -> float:
        return 1.0 if self.origin.optional else super().tolerated

    def requests(self) -> Sequence[Request]:
        """A request per combination of values, in their order, less those that are not due."""
        combinations = product(*map(self._values, self.origin.parameters))
        wanted = [self._request(values) for values in combinations]
        if self.scope.full_refresh or self.origin.recheck_empty_days == 1:
            return wanted
        empty = self._answered_empty()
        return [request for request in wanted if request_id(request.asked) not in empty or self._is_due(request)]

    def _is_due(self, request: Request) -> bool:
        """Whether an empty answer is asked for again: each has its day in the cycle, spread by its name."""
        place = crc32(request_id(request.asked).encode()) + self.scope.day.toordinal()
        return place % self.origin.recheck_empty_days == 0

    def _answered_empty(self) -> set[str]:
        """Requests whose current answer has no records; contents are few, since an empty answer is always the same."""
        first_pages = [file for file in self.raw.current(self.source.name) if file.page == 0]
        small = {file.sha256: file for file in first_pages if file.size <= EMPTY_SIZE}
        empty = {digest for digest, file in small.items() if not json.loads(self.raw.read(file)).get("value")}
        return {file.request_id for file in first_pages if file.sha256 in empty}

    def _values(self, parameter: Parameter) -> Sequence[str]:
        if parameter.values:
            return parameter.values
        if parameter.months_of:
            return months_of(parameter.months_of, self.raw.current(parameter.months_of.name), self.scope)
        found = {value for source, column in parameter.each for value in values_of(self.raw, source, column)}
        return sorted(found)

    def _request(self, values: Sequence[str]) -> Request:
        """OData's aliases: ``resource(Name=@Name)?@Name='value'``; a quote inside a value is doubled."""
        origin, parameters = self.origin, self.origin.parameters
        aliases = ",".join(f"{parameter.name}=@{parameter.name}" for parameter in parameters)
        called = f"{origin.resource}({aliases})" if parameters else origin.resource
        mark = "'" if origin.quoted else ""
        escaped = [value.replace("'", "''") for value in values]
        given = {f"@{one.name}": f"{mark}{value}{mark}" for one, value in zip(parameters, escaped, strict=True)}
        asked = {one.key: value for one, value in zip(parameters, values, strict=True)}
        return Request(f"{urlsplit(origin.url).path}/{called}", {**given, "$format": "json"}, asked)
