"""Hosted zones of Route 53: IDs have the format of AWS, which clients check."""

from __future__ import annotations

import random
import string
from typing import Any

from moto.route53 import models
from moto.utilities.id_generator import moto_id

_LETTERS = string.ascii_uppercase + string.digits
_LENGTH = 20


@moto_id  # type: ignore[untyped-decorator]
def zone_id(resource_identifier: Any, existing_ids: Any = None, tags: Any = None) -> str:
    """Return a new ID, such as Z05599672JM3E06S0B3SX. moto's IDs start with any letter or digit."""
    return "Z" + "".join(random.choices(_LETTERS, k=_LENGTH))  # noqa: S311 - it names, it guards nothing


def install() -> None:
    """Make moto create such IDs. Call this before its first request to Route 53."""
    models.create_route53_zone_id = zone_id
