"""Origins of sources: the requests that extractors make."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from estrela.errors import DefinitionError
from estrela.model.auth import Auth
from estrela.model.column import NamedColumns, require_not_sensitive
from estrela.model.paging import ODataPages, OnePage, Paging


def _require_https(where: str, *urls: str) -> None:
    for url in urls:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or parts.username is not None:
            raise DefinitionError(where, f"{url!r} is not an https address without credentials")


@dataclass(frozen=True)
class Download:
    """One file at a fixed URL, which may redirect to the declared ``hosts``. Its request is empty."""

    url: str
    hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require_https("Download", self.url, *self.hosts)


@dataclass(frozen=True)
class ListedFile:
    """A file that a catalogue lists: its URL, and the request that identifies it.

    ``params`` are query parameters; without them, the URL is used unchanged.
    """

    request: Mapping[str, str]
    url: str
    params: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Catalogue:
    """Files that are listed by a JSON document at ``url``. Status 204 means that a listed file is not published.

    ``files`` converts the parsed document to the files of this source; it raises KeyError, TypeError, AttributeError or
    ValueError if the document does not have the ``shape``. A file that is no longer listed is withdrawn. All files are
    on the host of ``url`` or on the declared ``hosts``.
    """

    url: str
    files: Callable[[Any], Iterable[ListedFile]]
    shape: str
    hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require_https("Catalogue", self.url, *self.hosts)


@dataclass(frozen=True)
class Parameter:
    """A parameter of an API, with one request per value.

    ``key`` is its name in the request that the raw layer stores. Exactly one of three gives the values: a list
    (``values``), ``(source, column)`` pairs of data received so far (``each``), or the function ``value`` applied to
    each answered request of ``requests_of``.
    """

    name: str
    key: str
    values: tuple[str, ...] = ()
    each: tuple[tuple[NamedColumns, str], ...] = ()
    requests_of: NamedColumns | None = None
    value: Callable[[Mapping[str, str]], str] | None = None

    def __post_init__(self) -> None:
        where = f"Parameter({self.name!r})"
        if sum((bool(self.values), bool(self.each), self.requests_of is not None)) != 1:
            raise DefinitionError(where, "needs exactly one of values, each and requests_of")
        if (self.requests_of is None) is not (self.value is None):
            raise DefinitionError(where, "needs value and requests_of together")
        for source, column in self.each:
            known = [declared.name for declared in source.columns]
            if column not in known:
                raise DefinitionError(where, f"{source.name} has no column {column!r} to take values from", known)
            require_not_sensitive(where, [("each", column)], source.columns)

    @property
    def needs(self) -> tuple[NamedColumns, ...]:
        """The sources that provide the values."""
        sources = tuple(source for source, _ in self.each)
        return sources if self.requests_of is None else (*sources, self.requests_of)


@dataclass(frozen=True, kw_only=True)
class Api:
    """Properties of every API: ``parameters``, credentials, and further ``hosts`` for redirects and links.

    An ``optional`` source may fail without failing the run. A request with an empty answer is repeated every
    ``recheck_empty_days`` days, others on each run. A combination of values that no longer exists is withdrawn.
    """

    parameters: tuple[Parameter, ...] = ()
    auth: Auth | None = None
    hosts: tuple[str, ...] = ()
    optional: bool = False
    recheck_empty_days: int = 1

    def __post_init__(self) -> None:
        where = type(self).__name__
        _require_https(where, *self.hosts)
        if self.recheck_empty_days < 1:
            raise DefinitionError(where, f"recheck_empty_days={self.recheck_empty_days} is not 1 or more")
        keys = [parameter.key for parameter in self.parameters]
        if len(set(keys)) < len(keys):
            raise DefinitionError(where, f"two parameters have the same key: {', '.join(keys)}")


@dataclass(frozen=True)
class RestApi(Api):
    """JSON over HTTP: a parameter that ``url`` contains as ``{name}`` is inserted there, others are query parameters.

    ``params`` are query parameters that are the same in every request.
    """

    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    paging: Paging = field(default_factory=OnePage)

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_https(f"RestApi({self.url!r})", self.url)
        unknown = set(re.findall(r"\{(\w*)\}", self.url)) - {parameter.name for parameter in self.parameters}
        if unknown:
            raise DefinitionError(f"RestApi({self.url!r})", f"no parameter is called {sorted(unknown)[0]!r}")


@dataclass(frozen=True)
class OData(Api):
    """An OData resource below ``url``: an entity set, or a function with the parameters.

    ``quoted`` is true if parameter values are put in quotes.
    """

    url: str
    resource: str
    paging: ODataPages = field(default_factory=ODataPages)
    quoted: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_https(f"OData({self.resource!r})", self.url)


def _require_pattern(where: str, pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise DefinitionError(where, f"pattern {pattern!r} is not a regular expression: {error}") from None


@dataclass(frozen=True)
class S3Files:
    """Files in S3 below ``prefix`` whose key, after the prefix, fully matches ``pattern``.

    The pattern's named groups form the request, so a changed object is a new answer to the same request:
    ``(?P<region>[a-z]+)/(?P<day>[0-9]{8})\\.csv``. A deleted object is withdrawn. ``bucket`` is ``""`` for the lake's
    own bucket.
    """

    prefix: str
    pattern: str
    bucket: str = ""

    def __post_init__(self) -> None:
        where = f"S3Files({self.prefix!r})"
        _require_pattern(where, self.pattern)
        if not re.compile(self.pattern).groupindex:
            raise DefinitionError(where, f"pattern {self.pattern!r} has no named group to distinguish files")


@dataclass(frozen=True)
class DeliveredFile:
    """A file of a delivery: its ``key`` below the folder of the manifest, and the request that it answers.

    ``sha256`` and ``size`` are checked if the manifest states them.
    """

    key: str
    request: Mapping[str, str]
    sha256: str = ""
    size: int | None = None


@dataclass(frozen=True)
class Delivery:
    """Content of a manifest: the files of delivery ``name``, and the earlier deliveries that it ``replaces``."""

    name: str
    files: tuple[DeliveredFile, ...]
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True)
class S3Deliveries:
    """Deliveries in S3: every object below ``prefix`` that matches ``pattern`` is a JSON manifest.

    ``read`` converts a parsed manifest to a Delivery; it raises KeyError, TypeError, AttributeError or ValueError if
    the document does not have the ``shape``. The requests are those of the files plus ``delivery``, the delivery's
    name. The files of a delivery are accepted all together or not at all, and those of a replaced delivery are
    withdrawn in the same commit.
    """

    prefix: str
    pattern: str
    read: Callable[[Any], Delivery]
    shape: str
    bucket: str = ""

    def __post_init__(self) -> None:
        _require_pattern(f"S3Deliveries({self.prefix!r})", self.pattern)


Origin = Download | Catalogue | RestApi | OData | S3Files | S3Deliveries
