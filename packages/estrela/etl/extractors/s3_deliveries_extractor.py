"""Extractor of files in S3 that arrive in deliveries, each with a manifest that may replace earlier deliveries."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from estrela.errors import ExtractError, SourceChangedError
from estrela.etl.extractors.raw_extractor import Result, Wanted
from estrela.etl.extractors.s3_extractor import S3Extractor, S3Object
from estrela.etl.raw.raw_file import RawAnswer
from estrela.etl.raw.receipt import Receipt
from estrela.model.origin import Delivery, S3Deliveries

DELIVERY = "delivery"


@dataclass(frozen=True)
class S3DeliveriesExtractor(S3Extractor):
    """Extracts a source whose origin is S3Deliveries.

    A delivery with missing files, or with files that differ from its manifest, is not accepted, and the delivery that
    it replaces stays valid.
    """

    @property
    def commits_at_end(self) -> bool:
        return True

    def wanted(self, known: Mapping[str, RawAnswer]) -> Wanted[S3Object]:
        """Return the files of the deliveries that no other one replaces. Raises the errors of reading a manifest."""
        origin = self.source.origin
        assert isinstance(origin, S3Deliveries)
        listed = {item.key: item for item in self.listed(origin.prefix)}
        pattern = re.compile(origin.pattern)
        manifests = [key for key in sorted(listed) if pattern.fullmatch(key.removeprefix(origin.prefix))]
        deliveries = {key: self._delivery(origin, listed[key]) for key in manifests}
        self._require_distinct(deliveries)
        replaces = {delivery.name: delivery.replaces for delivery in deliveries.values()}
        replaced = {name for names in replaces.values() for name in names}
        counting = {key: delivery for key, delivery in deliveries.items() if delivery.name not in replaced}
        items = [item for key, delivery in counting.items() for item in _items(key, delivery, listed)]
        return Wanted(
            items,
            replaced=_requests_of(replaced, known),
            spared=lambda failed: _requests_of(_replaced_by(failed, replaces), known),
        )

    def fetch(self, items: Sequence[S3Object], receipt: Receipt) -> Iterator[tuple[S3Object, Result]]:
        """Yield the files of each delivery if all were received, else only its errors."""
        ordered = sorted(items, key=lambda item: (item.asked[DELIVERY], item.key))
        for _, group in groupby(ordered, key=lambda item: item.asked[DELIVERY]):
            results = list(super().fetch(list(group), receipt))
            failed = [(item, result) for item, result in results if isinstance(result, ExtractError)]
            yield from failed or results

    def _delivery(self, origin: S3Deliveries, item: S3Object) -> Delivery:
        body = self.read(item)
        try:
            return origin.read(json.loads(body.read()))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            received = f"a document of another shape ({type(error).__name__}: {error})"
            raise SourceChangedError(
                self.source.name, self.url(item.key), expected=origin.shape, received=received
            ) from error

    def _require_distinct(self, deliveries: Mapping[str, Delivery]) -> None:
        names: dict[str, str] = {}
        for manifest, delivery in deliveries.items():
            first = names.setdefault(delivery.name, manifest)
            if first != manifest:
                raise SourceChangedError(
                    self.source.name,
                    self.url(manifest),
                    expected="a delivery with a name of its own",
                    received=f"{delivery.name!r}, the name that {first} also has",
                )


def _items(manifest: str, delivery: Delivery, listed: Mapping[str, S3Object]) -> list[S3Object]:
    """Return the files of a delivery; a file that is not listed has no ETag."""
    folder = manifest.rpartition("/")[0]
    items = []
    for file in delivery.files:
        key = f"{folder}/{file.key}" if folder else file.key
        entry = listed.get(key, S3Object(key, {}, "", 0))
        size = entry.size if file.size is None else file.size
        items.append(replace(entry, asked={**file.request, DELIVERY: delivery.name}, size=size, sha256=file.sha256))
    return items


def _requests_of(deliveries: Collection[str], known: Mapping[str, RawAnswer]) -> frozenset[str]:
    """Return the IDs of the known requests that belong to deliveries."""
    return frozenset(name for name, answer in known.items() if answer.request.get(DELIVERY) in deliveries)


def _replaced_by(failed: Iterable[S3Object], replaces: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Return the deliveries that those of ``failed`` replace, directly or through others."""
    waiting, spared = [item.asked[DELIVERY] for item in failed], set[str]()
    while waiting:
        replaced = set(replaces.get(waiting.pop(), ())) - spared
        spared |= replaced
        waiting += replaced
    return spared
