"""A delivered object in S3, and the delivery to which it belongs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from dataharvest.model.kind import KINDS, Kind

_KEY = re.compile(
    rf"(?:.*/)?(?P<client>[A-Za-z0-9_.-]{{1,64}})/(?P<kind>{'|'.join(kind.name for kind in KINDS)})"
    r"_(?P<day>\d{8})\.csv"
)
KEY_SHAPE = "[any/prefix/]EXTERNAL_CLIENT/(clients|portfolios|accounts|transactions)_YYYYMMDD.csv"


@dataclass(frozen=True)
class Delivery:
    """The unit of work: one version (counted from 1) of an external client's business date (``YYYYMMDD``)."""

    external_client: str
    business_date: str
    version: int

    def to_json(self) -> str:
        """Return the text of a message that requests work on the delivery."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Delivery:
        """Read the output of :meth:`to_json`. Raises ValueError."""
        document: Any = json.loads(text)
        if not isinstance(document, Mapping) or set(document) != {"external_client", "business_date", "version"}:
            raise ValueError("a message to a stage needs external_client, business_date and version")
        return cls(str(document["external_client"]), str(document["business_date"]), int(document["version"]))

    def __str__(self) -> str:
        return f"{self.external_client} {self.business_date} version {self.version}"


@dataclass(frozen=True)
class DeliveredObject:
    """An S3 object as described by its event.

    ``sequencer`` (hexadecimal text of any length) orders the events of one key, ``event_time`` (ISO 8601) those of
    different keys; ``version_id`` is "" in a bucket without versioning.
    """

    bucket: str
    key: str
    etag: str
    sequencer: str
    size: int = 0
    version_id: str = ""
    event_time: str = ""

    def to_json(self) -> str:
        """Return the text of a message that requests work on the object."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> DeliveredObject:
        """Read the output of :meth:`to_json`."""
        return cls(**json.loads(text))

    @property
    def order(self) -> str:
        """Return the sequencer padded with zeros on the right, so that text order is event order, as AWS defines it."""
        return self.sequencer.upper().ljust(64, "0")


@dataclass(frozen=True)
class FileName:
    """The parts of an object's key: external client, kind and business date (``YYYYMMDD``)."""

    external_client: str
    kind: Kind
    business_date: str


def file_name(key: str) -> FileName | None:
    """Parse a decoded key; return None if it is not the key of a delivered file, or its date does not exist."""
    match = _KEY.fullmatch(key)
    if not match or not _is_day(match["day"]):
        return None
    kind = next(kind for kind in KINDS if kind.name == match["kind"])
    return FileName(match["client"], kind, match["day"])


@lru_cache(1000)
def day_of(business_date: str) -> date:
    """Parse a date ``YYYYMMDD``. Raises ValueError."""
    return datetime.strptime(business_date, "%Y%m%d").date()


def _is_day(text: str) -> bool:
    try:
        return bool(day_of(text))
    except ValueError:
        return False
