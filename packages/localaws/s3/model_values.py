"""Values that botocore's model of S3 allows."""

from __future__ import annotations

from functools import cache

import botocore.session
from botocore.model import StringShape


@cache
def values_of(shape: str) -> frozenset[str]:
    """Return the values of an enumeration."""
    model = botocore.session.get_session().get_service_model("s3").shape_for(shape)
    assert isinstance(model, StringShape)
    return frozenset(model.enum)
