"""Extractor of S3 files whose keys match a pattern."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from estrela.errors import SourceChangedError
from estrela.etl.extractors.raw_extractor import Wanted
from estrela.etl.extractors.s3_extractor import S3Extractor, S3Object
from estrela.etl.raw.raw_file import RawAnswer
from estrela.etl.raw.request_id import request_id
from estrela.model.origin import S3Files


@dataclass(frozen=True)
class S3FilesExtractor(S3Extractor):
    """Extracts a source whose origin is S3Files."""

    def wanted(self, known: Mapping[str, RawAnswer]) -> Wanted[S3Object]:
        """Return all matching objects. Raises SourceChangedError if two objects answer the same request."""
        origin = self.source.origin
        assert isinstance(origin, S3Files)
        pattern = re.compile(origin.pattern)
        items: dict[str, S3Object] = {}
        for listed in self.listed(origin.prefix):
            match = pattern.fullmatch(listed.key.removeprefix(origin.prefix))
            if match:
                asked = {name: value for name, value in match.groupdict().items() if value is not None}
                item = replace(listed, asked=asked)
                self._require_alone(item, items.setdefault(request_id(asked), item))
        return Wanted([items[name] for name in sorted(items)])

    def _require_alone(self, item: S3Object, first: S3Object) -> None:
        if first is not item:
            raise SourceChangedError(
                self.source.name,
                self.url(item.key),
                expected="one object per request",
                received=f"a second one for {request_id(item.asked)}, after {first.key}",
            )
